"""The steps of the solved lab, by checkpoint, in whichever variant they are taken."""

import json

from kitlib.authoring.attempts import Bench

FOLDER = "/usr/local/apache2/htdocs"
NOTED = {}


def service(bench: Bench) -> None:
    bench.apply(bench.text("service"))


def stateful_set(bench: Bench) -> None:
    bench.apply(bench.text("set"))
    bench.ready("sts", bench.values["set"])


def nothing(bench: Bench) -> None:
    """What was done before is looked at again."""


def pages(bench: Bench) -> None:
    for n in range(3):
        write(bench, n, bench.values[f"page-{n}"])


def write(bench: Bench, ordinal: int, text: str) -> None:
    bench.sh(f"{bench.values['set']}-{ordinal}", f"echo '{text}' > {FOLDER}/index.html")


def deployment(bench: Bench) -> None:
    bench.apply(bench.text("deployment"))
    bench.ready("deployment", bench.values["deployment"])


def herd(bench: Bench) -> list[dict]:
    """Return the Deployment's pods, those that stay first."""
    found = bench.cluster.list("pods", namespace=bench.namespace, labels=f"app={bench.values['deployment']}")
    return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]


def facts(pod: dict) -> str:
    return f"{pod['metadata']['name']} {pod['metadata']['uid']} {pod['status']['podIP']}"


def pod_of_set(bench: Bench, ordinal: int = 1) -> dict:
    return bench.cluster.get("pod", f"{bench.values['set']}-{ordinal}", namespace=bench.namespace)


def lose(bench: Bench) -> None:
    """Delete one of each, and note what will be gone."""
    lose_of_set(bench)
    lose_of_deployment(bench)


def lose_of_set(bench: Bench, ordinal: int = 1) -> None:
    pod = pod_of_set(bench, ordinal)
    NOTED[bench.namespace] = NOTED.get(bench.namespace, {}) | {"set-before": facts(pod)}
    bench.delete("pod", pod["metadata"]["name"])
    bench.ready("sts", bench.values["set"])
    NOTED[bench.namespace]["set-after"] = facts(pod_of_set(bench, ordinal))


def lose_of_deployment(bench: Bench) -> None:
    before = herd(bench)
    NOTED[bench.namespace] = NOTED.get(bench.namespace, {}) | {"deployment-before": facts(before[0])}
    bench.delete("pod", before[0]["metadata"]["name"])
    bench.ready("deployment", bench.values["deployment"])
    known = [pod["metadata"]["name"] for pod in before]
    [came] = [pod for pod in herd(bench) if pod["metadata"]["name"] not in known]
    NOTED[bench.namespace]["deployment-after"] = facts(came)


KEPT = {"set-kept": "name, claim, page", "deployment-kept": "nothing"}


def compare(bench: Bench, **changes: str | None) -> None:
    """Write the comparison; a change of None leaves an entry out."""
    data = NOTED[bench.namespace] | KEPT | {key.replace("_", "-"): value for key, value in changes.items()}
    data = {key: value for key, value in data.items() if value is not None}
    note = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "comparison"}, "data": data}
    bench.apply(json.dumps(note))


MOVES = {
    "headless": service,
    "stateful-set": stateful_set,
    "storage": nothing,
    "own-pages": pages,
    "beside": deployment,
    "one-of-each": lose,
    "comparison": compare,
}
