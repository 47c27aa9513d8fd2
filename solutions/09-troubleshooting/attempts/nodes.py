"""Attempts at the two checkpoints about a node that falls silent."""

import importlib.util
from pathlib import Path

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import steps
from kitlib.checks import Outcome

_spec = importlib.util.spec_from_file_location("reference", Path(__file__).with_name("reference.py"))
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)
kept, node, machine, silent = reference.kept, reference.node, reference.machine, reference.silent
force, held, forced = reference.force, reference.at_most_one, reference.forced


def not_ready(bench: Bench, name: str) -> None:
    bench.cluster.wait("node", name, until=lambda found: not _ready(found))


def _ready(found):
    return any(one["type"] == "Ready" and one["status"] == "True" for one in found["status"]["conditions"])


def cut(state, *changes):
    """Let the node of keeper-0 fail, and wait until the pod is marked."""

    def steps(bench: Bench) -> None:
        machine(bench, kept(bench, *changes), state)
        silent(bench)

    return steps


def cut_for_ever(bench: Bench) -> None:
    """Without a number of seconds the pod waits for its node for ever, and nobody marks it."""
    name = kept(bench, ("          tolerationSeconds: 5\n", ""))
    machine(bench, name, "unreachable")
    not_ready(bench, name)
    bench.delete("pod", "keeper-0", wait=False)


def deleted_by_hand(bench: Bench) -> None:
    """Not the cluster but the learner marks the pod."""
    name = kept(bench)
    machine(bench, name, "unreachable")
    not_ready(bench, name)
    bench.delete("pod", "keeper-0", wait=False)


def too_early(bench: Bench) -> None:
    """By force, before the cluster has marked the pod."""
    name = kept(bench)
    machine(bench, name, "unreachable")
    not_ready(bench, name)
    force(bench)
    bench.ready("pod", "keeper-0")


def ordinary(bench: Bench) -> None:
    """A pod deleted on a node that answers."""
    kept(bench)
    bench.delete("pod", "keeper-0")
    bench.ready("pod", "keeper-0")


def given_back(bench: Bench) -> None:
    """No force: the node returns, and its kubelet ends the pod."""
    lost = node(bench)
    machine(bench, lost, None)
    bench.cluster.wait("node", lost)
    bench.ready("pod", "keeper-0")
    bench.pause(2)


def scaled(bench: Bench) -> None:
    """The set asks for none and for one again: the pod stays where it is."""
    for replicas in (0, 1):
        bench.cluster.scale("sts", "keeper", replicas, namespace=bench.namespace)
        bench.pause(1)


def forced_only(bench: Bench) -> None:
    """The node is not given back."""
    force(bench)
    bench.ready("pod", "keeper-0")
    bench.pause(2)


def forced_after(state):
    """Force, with a node that failed in another way, and give it back."""

    def steps(bench: Bench) -> None:
        cut(state)(bench)
        forced(bench)

    return steps


def node_deleted(bench: Bench) -> None:
    """Take the node's object away: its pods are collected, and the set goes on elsewhere."""
    lost = node(bench)
    bench.cluster.delete("node", lost)
    bench.cluster.wait("pod", "keeper-0", namespace=bench.namespace, until=lambda found: _elsewhere(found, lost))
    bench.ready("pod", "keeper-0")
    bench.pause(2)
    bench.cluster.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": lost}})
    bench.cluster.wait("node", lost)


def _elsewhere(found, lost):
    return found is not None and found["spec"].get("nodeName") not in (None, lost)


def same_place(bench: Bench) -> None:
    """The keeper is bound to the node that is lost: the new one waits for it."""
    name = kept(bench)
    pinned = {"spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/hostname": name}}}}}
    bench.patch("sts", "keeper", pinned)
    bench.cluster.wait("pod", "keeper-0", namespace=bench.namespace, until=lambda found: _pinned(found))
    bench.ready("pod", "keeper-0")
    machine(bench, name, "unreachable")
    silent(bench)
    force(bench)
    bench.pause(1)
    machine(bench, name, None)
    bench.cluster.wait("node", name)
    bench.ready("pod", "keeper-0")


def _pinned(found):
    return found is not None and "nodeSelector" in found["spec"]


TOLERATION = """\
      tolerations:
        - key: node.kubernetes.io/unreachable
          operator: Exists
          effect: NoExecute
          tolerationSeconds: 5
"""
ALSO_NOT_READY = TOLERATION + TOLERATION.partition("\n")[2].replace("unreachable", "not-ready")

ATTEMPTS = [
    right("at-most-one", "the power fails", cut("off")),
    right("at-most-one", "marked by hand, not by the cluster", deleted_by_hand),
    right("at-most-one", "not-ready is tolerated as well", cut("unreachable", (TOLERATION, ALSO_NOT_READY))),
    wrong("at-most-one", "no toleration", cut("unreachable", (TOLERATION, "")), outcome=Outcome.NOT_ATTEMPTED),
    wrong("at-most-one", "for ever", cut_for_ever, on="tolerations"),
    wrong("at-most-one", "another time", cut("unreachable", ("Seconds: 5", "Seconds: 3")), on="tolerations"),
    wrong("at-most-one", "no node was lost", lambda bench: kept(bench) and None, on="node-lost"),
    wrong("at-most-one", "deleted on a node that answers", ordinary, on="node-lost"),
    wrong("at-most-one", "by force, before anybody marked it", too_early, on="not-replaced"),
    right("forced", "the node's object is deleted", steps(held, node_deleted)),
    wrong("forced", "the power was off: one wrote", forced_after("off"), on="two-writers"),
    wrong("forced", "the node was given back, nothing forced", steps(held, given_back), on="two-writers"),
    wrong("forced", "scaled to nothing and back", steps(held, scaled), on="forced"),
    wrong("forced", "the node is still silent", steps(held, forced_only), on="one-again"),
    wrong("forced", "bound to the lost node", same_place, on="elsewhere"),
    wrong("forced", "nothing was done about it", held, outcome=Outcome.NOT_ATTEMPTED),
]
