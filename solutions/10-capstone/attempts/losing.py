"""Attempts at the loss of one of each, and at the report about it."""

import importlib.util
import json
from pathlib import Path

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.checks import Outcome

_spec = importlib.util.spec_from_file_location("reference", Path(__file__).with_name("reference.py"))
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)
lose, lose_of_set, lose_of_deployment = reference.lose, reference.lose_of_set, reference.lose_of_deployment
compare, facts, pod_of_set = reference.compare, reference.facts, reference.pod_of_set


def built(*steps):
    """Begin with both workloads and their pages."""

    def run(bench: Bench) -> None:
        bench.reach("beside")
        for step in steps:
            step(bench)

    return run


def compared(**changes):
    """Lose one of each, and write a comparison that differs from the reference's."""
    return built(lose, lambda bench: compare(bench, **changes))


def both_at_once(bench: Bench) -> None:
    """Delete without waiting: the check has to."""
    bench.delete("pod", f"{bench.values['set']}-2", wait=False)
    bench.delete("pod", reference.herd(bench)[0]["metadata"]["name"], wait=False)


def first_ordinal(bench: Bench) -> None:
    lose_of_set(bench, 0)
    lose_of_deployment(bench)


def tried_before(bench: Bench) -> None:
    """A second trial: the first loss was not noted."""
    lose_of_set(bench, 2)
    lose_of_deployment(bench)
    lose(bench)


def set_made_anew(bench: Bench) -> None:
    """A first set that was wrong, deleted and created again, before anything was lost."""
    bench.reach("headless")
    bench.apply(bench.text("set", ("httpd:2.4", "nginx:1.27")))
    bench.ready("sts", bench.values["set"])
    bench.delete("sts", bench.values["set"])
    for n in range(3):
        bench.delete("pod", f"{bench.values['set']}-{n}")
    for step in (reference.stateful_set, reference.pages, reference.deployment, lose):
        step(bench)


def all_of_set(bench: Bench) -> None:
    for n in range(3):
        bench.delete("pod", f"{bench.values['set']}-{n}", wait=False)
    lose_of_deployment(bench)
    bench.ready("sts", bench.values["set"])


def restarted(bench: Bench) -> None:
    """A new template for all, as `kubectl rollout restart` makes it: an update, not a loss."""
    note = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}
    bench.patch("sts", bench.values["set"], note)
    bench.cluster.wait("sts", bench.values["set"], namespace=bench.namespace, until=_rolled_out)
    lose_of_deployment(bench)


def _rolled_out(found):
    return found["status"].get("updatedReplicas") == 3 == found["status"].get("readyReplicas")


def herd_restarted(bench: Bench) -> None:
    note = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}
    bench.patch("deployment", bench.values["deployment"], note)
    bench.cluster.wait("deployment", bench.values["deployment"], namespace=bench.namespace, until=_rolled_out)
    lose_of_set(bench)


def page_written_after(bench: Bench) -> None:
    """The page was lost, or never there, and is written when the pod is back."""
    bench.sh(f"{bench.values['set']}-1", f"rm {reference.FOLDER}/index.html")
    lose(bench)
    bench.pause(1.1)
    reference.pages(bench)


def claim_deleted(bench: Bench) -> None:
    """The claim goes with the pod: the successor has the place, not the page."""
    v = bench.values
    bench.delete("pvc", f"{v['template']}-{v['set']}-1", wait=False)
    lose(bench)


def after_only(bench: Bench) -> None:
    """Whoever has noted nothing writes down what is there now, twice."""
    lose(bench)
    compare(bench, set_before=facts(pod_of_set(bench)), set_kept="name, uid, ip, claim, page")


def invented(bench: Bench) -> None:
    lose(bench)
    fresh = reference.herd(bench)[0]
    compare(bench, deployment_before=facts(fresh))


def with_commas(bench: Bench) -> None:
    """In another notation: commas, capitals, another order."""
    lose(bench)
    noted = reference.NOTED[bench.namespace]
    facts_of = {key.replace("-", "_"): value.replace(" ", ", ") for key, value in noted.items()}
    compare(bench, set_kept="Page Claim Name", deployment_kept="Nothing", **facts_of)


def empty(bench: Bench) -> None:
    lose(bench)
    bench.apply(json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "comparison"}}))


ATTEMPTS = [
    right("one-of-each", "checked at once", built(both_at_once)),
    right("one-of-each", "the first ordinal", built(first_ordinal)),
    right("one-of-each", "a second trial", built(tried_before)),
    right("one-of-each", "after a set that was made anew", set_made_anew),
    wrong("one-of-each", "only the Deployment's", built(lose_of_deployment), on="set-replaced"),
    wrong("one-of-each", "only the set's", built(lose_of_set), on="deployment-replaced"),
    wrong("one-of-each", "all pods of the set", built(all_of_set), on="others-kept"),
    wrong("one-of-each", "the set restarted", built(restarted), on="set-replaced"),
    wrong("one-of-each", "the Deployment restarted", built(herd_restarted), on="deployment-replaced"),
    wrong("one-of-each", "the page written afterwards", built(page_written_after), on="page-survived"),
    wrong("one-of-each", "the claim deleted as well", built(claim_deleted), on="page-survived"),
    wrong("one-of-each", "nothing deleted", built(), outcome=Outcome.NOT_ATTEMPTED),
    right("comparison", "in another notation", built(with_commas)),
    wrong("comparison", "nothing was noted before", built(after_only), on="set-facts"),
    wrong("comparison", "the Deployment's pod is invented", built(invented), on="deployment-facts"),
    wrong("comparison", "the IP is said to be kept", compared(set_kept="name, ip, claim, page"), on="set-kept"),
    wrong("comparison", "the page is forgotten", compared(set_kept="name, claim"), on="set-kept"),
    wrong("comparison", "the name is said to be kept", compared(deployment_kept="name"), on="deployment-kept"),
    wrong("comparison", "an entry is missing", compared(deployment_kept=None), on="deployment-kept"),
    wrong("comparison", "a ConfigMap without data", built(empty), on="set-facts"),
    wrong("comparison", "no ConfigMap", built(lose), outcome=Outcome.NOT_ATTEMPTED),
]
