"""`kit node list`, `stop`, `start`: nodes fail and return, to see what a cluster does about it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from kitlib.client import Cluster, connect
from kitlib.environments.embedded import MACHINE, EmbeddedProvider
from kitlib.errors import ClusterError, UsageError
from kitlib.settings import settings

__all__ = ["register"]

_Cluster = Annotated[
    str, typer.Option("--name", "-n", help="Which cluster.", default_factory=lambda: settings().cluster)
]
_Node = Annotated[str, typer.Argument(help="The node, as kubectl get nodes calls it.", metavar="NODE")]
_OFF, _UNREACHABLE = "off", "unreachable"
_WORDS = {"": "runs", _OFF: "has no power", _UNREACHABLE: "is cut off"}
_READY = {"True": "Ready", "False": "NotReady", "Unknown": "NotReady (silent)"}


def list_(name: _Cluster) -> None:
    """List the nodes: whether the machine runs, and what the cluster believes of it."""
    for node in _cluster(name).list("nodes"):
        machine = (node["metadata"].get("annotations") or {}).get(MACHINE, "")
        believed = _READY.get(_ready(node), "not known yet")
        typer.echo(f"{node['metadata']['name']:<20} {_WORDS.get(machine, machine):<14} {believed}")


def stop(
    node: _Node,
    name: _Cluster,
    power_off: Annotated[
        bool, typer.Option("--power-off", help="Kill its pods' processes too, as when the power fails.")
    ] = False,
) -> None:
    """Let a node fail: its kubelet does not answer any more, but its pods' processes go on, unseen.

    That is what a cut network looks like to the cluster, which cannot know whether the pods still run. It calls the
    node NotReady and marks the pods for deletion after a while (kit up --node-timeouts), but they stay Terminating: a
    StatefulSet makes no second pod of a name while the first may still write to its volume. kubectl delete pod --force
    says that it does not, which nobody checks: with a node that was only cut off, two pods then have one identity.
    """
    _want(_cluster(name), node, _OFF if power_off else _UNREACHABLE)
    typer.echo(
        f"node {node} {'has no power' if power_off else 'is cut off, and its pods go on'}; kit node start {node}"
    )


def start(node: _Node, name: _Cluster) -> None:
    """Let a node return: it ends the pods that were deleted meanwhile, and says how the others are."""
    cluster = _cluster(name)
    if cluster.find("node", node) is None and node in EmbeddedProvider().node_names(name):
        cluster.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}})
    else:
        _want(cluster, node, None)
    cluster.wait("node", node)
    typer.echo(f"node {node} is Ready")


def _cluster(name: str) -> Cluster:
    found = EmbeddedProvider().status(name)
    if found.info is None:
        raise ClusterError(f"cluster {name} does not run", fix="kit up --nodes 3")
    return connect(found.info.kubeconfig, found.info.context)


def _want(cluster: Cluster, node: str, machine: str | None) -> None:
    if cluster.find("node", node) is None:
        names = ", ".join(one["metadata"]["name"] for one in cluster.list("nodes"))
        raise UsageError(f"there is no node {node}", fix=f"it is one of {names}")
    cluster.patch("node", node, {"metadata": {"annotations": {MACHINE: machine}}})


def _ready(node: dict[str, Any]) -> str:
    conditions = node.get("status", {}).get("conditions") or []
    return next((str(one["status"]) for one in conditions if one["type"] == "Ready"), "")


def register(app: typer.Typer) -> None:
    """Add these commands to `kit`."""
    nodes = typer.Typer(no_args_is_help=True, help="Nodes that fail and return: list, stop, start.")
    nodes.command("list")(list_)
    nodes.command()(stop)
    nodes.command()(start)
    app.add_typer(nodes, name="node")
