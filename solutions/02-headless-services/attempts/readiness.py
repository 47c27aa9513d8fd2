"""Attempts at the checkpoints about who is listed, and for whom there is an address of its own."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, sh
from kitlib.checks import Outcome
from kitlib.errors import LabError

PAGE = "/usr/share/nginx/html/index.html"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: NAME}\nspec:\n  clusterIP: None\n  publishNotReadyAddresses: true\n  selector: {app: web}\n  ports: [{name: http, port: 80}]\n"


def condition(pod, *, ready):
    def holds(found):
        conditions = {one["type"]: one["status"] for one in found["status"].get("conditions") or []}
        return conditions.get("Ready") == str(ready)

    return lambda bench: bench.cluster.wait("pod", pod, namespace=bench.namespace, until=holds)


def lose(pod):
    def run(bench: Bench) -> None:
        bench.delete("pod", pod)
        bench.ready("pod", pod)

    return run


def publish(value):
    return lambda bench: bench.patch("svc", "web", {"spec": {"publishNotReadyAddresses": value}})


def service(name, *changes):
    def run(bench: Bench) -> None:
        text = SERVICE.replace("NAME", name)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        bench.apply(text)

    return run


def drop_service(bench: Bench) -> None:
    bench.delete("svc", "web")


def listed(count):
    """Wait until so many addresses are ready behind the Service `web`."""

    def holds(bench: Bench) -> bool:
        return count == sum(
            bool(endpoint["conditions"].get("ready"))
            for one in bench.cluster.list("endpointslices", namespace=bench.namespace)
            if one["metadata"]["labels"].get("kubernetes.io/service-name") == "web"
            for endpoint in one.get("endpoints") or []
        )

    def run(bench: Bench) -> None:
        for _ in range(600):
            if holds(bench):
                return
            bench.pause(0.05)
        raise LabError(f"never {count} addresses")

    return run


def vip(*changes):
    return lambda bench: bench.apply(bench.text("web-vip", *changes))


HIDE, SHOW = sh("web-1", f"mv {PAGE} /tmp/"), sh("web-1", f"mv /tmp/index.html {PAGE}")
REPAIR = (SHOW, condition("web-1", ready=True))
TIDY = (*REPAIR, publish(False))
ALL = [sh(pod, f"rm {PAGE}") for pod in ("web-0", "web-1", "web-2")]
ALL_UNREADY = [condition(pod, ready=False) for pod in ("web-0", "web-1", "web-2")]

ATTEMPTS = [
    right("not-ready", "checked at once", after("headless-set", HIDE)),
    right("not-ready", "removed, not moved", after("headless-set", sh("web-1", f"rm {PAGE}"))),
    right("not-ready", "repaired before the check", after("not-ready", listed(2), *REPAIR)),
    right("not-ready", "after the pod was lost once", after("headless-set", lose("web-1"), listed(3), HIDE)),
    wrong(
        "not-ready",
        "another pod",
        after("headless-set", sh("web-2", f"rm {PAGE}"), condition("web-2", ready=False)),
        on="unready",
    ),
    wrong("not-ready", "deleted instead", after("headless-set", lose("web-1")), on="unready"),
    wrong(
        "not-ready",
        "listed all the same",
        after("headless-set", publish(True), HIDE, condition("web-1", ready=False)),
        on="unlisted",
    ),
    wrong(
        "not-ready",
        "all of them",
        after("headless-set", *ALL[::2], *ALL_UNREADY[::2], listed(1), ALL[1], listed(0)),
        on="others",
    ),
    wrong(
        "not-ready",
        "another file",
        after("headless-set", sh("web-1", "rm /usr/share/nginx/html/50x.html")),
        outcome=Outcome.NOT_ATTEMPTED,
    ),
    right(
        "published",
        "set before the pod was unready",
        after("not-ready", listed(2), *REPAIR, listed(3), publish(True), HIDE),
    ),
    right("published", "the Service made anew", after("not-ready", listed(2), drop_service, service("web"))),
    right("published", "and repaired", after("published", listed(3), *REPAIR)),
    wrong("published", "repaired first", after("not-ready", listed(2), *REPAIR, publish(True)), on="listed"),
    wrong("published", "in another Service", after("not-ready", service("web-all")), on="field"),
    wrong(
        "published",
        "with an address of its own",
        after("not-ready", listed(2), drop_service, service("web", ("  clusterIP: None\n", ""))),
        on="headless",
    ),
    wrong("published", "set to false", after("not-ready", publish(False)), outcome=Outcome.NOT_ATTEMPTED),
    right("cluster-ip", "checked at once", after("published", vip(), publish(False), SHOW)),
    right(
        "cluster-ip",
        "a NodePort has an address as well",
        after("published", *TIDY, vip(("spec:\n", "spec:\n  type: NodePort\n"))),
    ),
    right("cluster-ip", "the pod replaced", after("published", lose("web-1"), publish(False), vip())),
    wrong("cluster-ip", "not repaired", after("published", publish(False), vip()), on="repaired"),
    wrong("cluster-ip", "still published", after("published", *REPAIR, vip()), on="repaired"),
    wrong(
        "cluster-ip",
        "headless too",
        after("published", *TIDY, vip(("spec:\n", "spec:\n  clusterIP: None\n"))),
        on="address",
    ),
    wrong("cluster-ip", "another port", after("published", *TIDY, vip(("port: 80", "port: 8080"))), on="port"),
    wrong("cluster-ip", "nobody behind it", after("published", *TIDY, vip(("app: web", "app: web-vip"))), on="behind"),
    wrong(
        "cluster-ip",
        "another name",
        after("published", *TIDY, vip(("name: web-vip", "name: vip"))),
        outcome=Outcome.NOT_ATTEMPTED,
    ),
]
