"""Attempts at the first three checkpoints: the set, the phone book, what else DNS knows."""

import json

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.checks import Outcome
from kitlib.errors import LabError


def created(*changes):
    """Create objects that differ from the reference; the check itself has to wait for the pods."""
    return lambda bench: bench.apply(bench.text("web", *changes))


def dig(bench: Bench, *words):
    """Ask until there is an answer: names follow their pods a moment later."""
    for _ in range(200):
        asked = bench.cluster.exec("client", ["dig", "+search", "+short", *words], namespace=bench.namespace)
        if asked.stdout:
            return sorted(asked.stdout.splitlines())
        bench.pause(0.05)
    raise LabError(f"DNS has no answer to {' '.join(words)}: {asked.stderr}")


def config_map(bench: Bench, name, data):
    bench.apply(json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}))


def booked(change):
    """Write a phone book that was changed."""

    def run(bench: Bench) -> None:
        bench.reach("headless-set")
        book = {pod: dig(bench, f"{pod}.web")[0] for pod in ("web-0", "web-1", "web-2")}
        config_map(bench, "phonebook", change(bench, book))

    return run


def from_the_api(bench: Bench) -> None:
    bench.reach("headless-set")
    pods = bench.cluster.list("pods", namespace=bench.namespace)
    config_map(bench, "phonebook", {pod["metadata"]["name"]: pod["status"]["podIP"] + "\n" for pod in pods})


def written_before_a_loss(bench: Bench) -> None:
    """A book that was right when it was written stays right."""
    bench.reach("phonebook")
    bench.delete("pod", "web-1")
    bench.ready()


def found(**changes):
    """Write findings that differ; a value may be made from what DNS answers."""

    def run(bench: Bench) -> None:
        bench.reach("findings")
        told = {key.replace("_", "-"): make(bench) if callable(make) else make for key, make in changes.items()}
        given = bench.cluster.get("configmap", "findings", namespace=bench.namespace)["data"] | told
        config_map(bench, "findings", given)

    return run


def nothing_found(bench: Bench) -> None:
    bench.reach("phonebook")
    config_map(bench, "findings", {})


ATTEMPTS = [
    right(
        "headless-set",
        "checked at once, the Service in another place",
        created(("  clusterIP: None\n", "  clusterIP: 'None'\n")),
    ),
    right(
        "headless-set",
        "with the target's port",
        created(("      port: 80\n", "      port: 80\n      targetPort: 80\n")),
    ),
    wrong("headless-set", "a cluster IP", created(("  clusterIP: None\n", "")), on="headless"),
    wrong(
        "headless-set", "another label", created(("    app: web\n  ports", "    app: nginx\n  ports")), on="selector"
    ),
    wrong("headless-set", "a port without a name", created(("- name: http\n      port", "- port")), on="port"),
    wrong("headless-set", "another port", created(("\n      port: 80", "\n      port: 8080")), on="port"),
    wrong("headless-set", "no serviceName", created(("  serviceName: web\n", "")), on="service-name"),
    wrong("headless-set", "two replicas", created(("replicas: 3", "replicas: 2")), on="replicas"),
    wrong("headless-set", "other names", created(("name: web\n", "name: nginx\n")), outcome=Outcome.NOT_ATTEMPTED),
    right("phonebook", "from the API, with line ends", from_the_api),
    right("phonebook", "a pod is lost afterwards", written_before_a_loss),
    right("phonebook", "the client as well", booked(lambda _, book: book | {"client": "10.0.0.1"})),
    wrong("phonebook", "one forgotten", booked(lambda _, book: {"web-0": book["web-0"]}), on="names"),
    wrong(
        "phonebook",
        "counted from 1",
        booked(lambda _, b: {f"web-{n + 1}": ip for n, ip in enumerate(b.values())}),
        on="names",
    ),
    wrong(
        "phonebook",
        "two swapped",
        booked(lambda _, book: book | {"web-0": book["web-1"], "web-1": book["web-0"]}),
        on="addresses",
    ),
    wrong(
        "phonebook",
        "the Service's answer for everybody",
        booked(lambda bench, book: dict.fromkeys(book, ", ".join(dig(bench, "web")))),
        on="addresses",
    ),
    wrong(
        "phonebook", "names for addresses", booked(lambda _, book: {pod: f"{pod}.web" for pod in book}), on="addresses"
    ),
    wrong("phonebook", "an empty book", booked(lambda _, book: {}), outcome=Outcome.NOT_ATTEMPTED),
    right(
        "findings", "without the last dot", found(reverse=lambda b: dig(b, "-x", dig(b, "web-2.web")[0])[0].rstrip("."))
    ),
    right("findings", "with a line end", found(srv_count="3\n", srv_port=" 80")),
    wrong("findings", "the whole line", found(search="search lab-02.svc.cluster.local"), on="search"),
    wrong("findings", "the second ending", found(search="svc.cluster.local"), on="search"),
    wrong("findings", "one record, as behind a cluster IP", found(srv_count="1"), on="srv-count"),
    wrong("findings", "the weight", found(srv_port="33"), on="srv-port"),
    wrong("findings", "the address itself", found(reverse=lambda bench: dig(bench, "web-2.web")[0]), on="reverse"),
    wrong("findings", "another pod", found(reverse=lambda b: dig(b, "-x", dig(b, "web-0.web")[0])[0]), on="reverse"),
    wrong("findings", "the short name", found(reverse="web-2.web"), on="reverse"),
    wrong("findings", "nothing in it", nothing_found, outcome=Outcome.NOT_ATTEMPTED),
]
