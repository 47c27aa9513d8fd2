"""The steps of the solved lab, by checkpoint, for attempts to begin where they need to."""

import json

from kitlib.authoring.attempts import Bench
from kitlib.errors import LabError

PAGE = "/usr/share/nginx/html/index.html"


def dig(bench: Bench, *words: str) -> list[str]:
    """Ask until there is an answer: names follow their pods a moment later."""
    for _ in range(200):
        asked = bench.cluster.exec("client", ["dig", "+search", "+short", *words], namespace=bench.namespace)
        if asked.stdout:
            return sorted(asked.stdout.splitlines())
        bench.pause(0.05)
    raise LabError(f"DNS has no answer to {' '.join(words)}: {asked.stderr}")


def keep(bench: Bench, name: str, data: dict[str, str]) -> None:
    bench.apply(json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}))


def web(bench: Bench) -> None:
    bench.apply(bench.text("web"))
    bench.ready()
    bench.ready("pod", "client")


def book(bench: Bench) -> dict[str, str]:
    return {pod: dig(bench, f"{pod}.web")[0] for pod in ("web-0", "web-1", "web-2")}


def write_book(bench: Bench) -> None:
    keep(bench, "phonebook", book(bench))


def findings(bench: Bench) -> dict[str, str]:
    records = dig(bench, "_http._tcp.web", "SRV")
    return {
        "search": f"{bench.namespace}.svc.cluster.local",
        "srv-count": str(len(records)),
        "srv-port": records[0].split()[2],
        "reverse": dig(bench, "-x", dig(bench, "web-2.web")[0])[0],
    }


def write_findings(bench: Bench) -> None:
    keep(bench, "findings", findings(bench))


def is_ready(wanted: bool):
    def test(pod):
        conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions") or []}
        return conditions.get("Ready") == str(wanted)

    return test


def hide(bench: Bench, pod: str = "web-1") -> None:
    bench.sh(pod, f"mv {PAGE} /tmp/")
    bench.cluster.wait("pod", pod, namespace=bench.namespace, until=is_ready(False))


def publish(bench: Bench, *, on: bool = True) -> None:
    bench.patch("svc", "web", {"spec": {"publishNotReadyAddresses": on}})


def repair(bench: Bench) -> None:
    bench.sh("web-1", f"mv /tmp/index.html {PAGE}")
    bench.ready("pod", "web-1")


def vip(bench: Bench) -> None:
    repair(bench)
    publish(bench, on=False)
    bench.apply(bench.text("web-vip"))


def replace(bench: Bench) -> None:
    bench.delete("pod", "web-1")
    bench.ready("pod", "web-1")


def lose(bench: Bench) -> None:
    bench.apply(bench.text("lost"))
    bench.ready("sts", "lost")
    bench.ready("sts", "nameless")


def find(bench: Bench) -> None:
    lose(bench)
    bench.delete("sts", "lost")
    for pod in ("lost-0", "lost-1"):
        bench.cluster.wait("pod", pod, namespace=bench.namespace, until="deleted")
    bench.apply(bench.text("found"))
    bench.ready("sts", "lost")


MOVES = {
    "headless-set": web,
    "phonebook": write_book,
    "findings": write_findings,
    "not-ready": hide,
    "published": publish,
    "cluster-ip": vip,
    "name-stays": replace,
    "misnamed": find,
}
