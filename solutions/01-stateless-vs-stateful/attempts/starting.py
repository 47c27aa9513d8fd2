"""Attempts at the first three checkpoints: the herds, their order, their doors."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.checks import Outcome


def created(*changes):
    """Create herds that differ from the reference; the check itself has to wait for the pods."""
    return lambda bench: bench.apply(bench.text("herds", *changes))


def only(number, *changes):
    """Create one of the three objects, or some of them."""

    def run(bench: Bench) -> None:
        documents = bench.text("herds", *changes).split("\n---\n")
        for n in number:
            bench.apply(documents[n])

    return run


def cattle_one_by_one(bench: Bench) -> None:
    """Ask for one cow more each time that all are Ready."""
    documents = bench.text("herds").split("\n---\n")
    bench.apply("\n---\n".join([documents[0].replace("replicas: 3", "replicas: 1"), *documents[1:]]))
    for replicas in (1, 2, 3):
        bench.cluster.scale("deploy", "cattle", replicas, namespace=bench.namespace)
        bench.ready("deploy", "cattle")
    bench.ready("sts", "pets")


def doors(*changes):
    def run(bench: Bench) -> None:
        bench.reach("two-herds")
        bench.apply(bench.text("doors", *changes))

    return run


def label_lost(bench: Bench) -> None:
    """A cow loses its label: it is no longer behind the door, and the herd gets another one."""
    bench.reach("doors")
    bench.patch(
        "svc", "pets-door", {"spec": {"selector": {"app": "pets", "statefulset.kubernetes.io/pod-name": "pets-0"}}}
    )


NGINX = "- name: nginx\n          image: nginx:1.27"
PARALLEL = ("  serviceName: pets\n", "  serviceName: pets\n  podManagementPolicy: Parallel\n")
PETS_2 = ("  serviceName: pets\n  replicas: 3", "  serviceName: pets\n  replicas: 2")

ATTEMPTS = [
    right("two-herds", "the image by its whole name", created(("nginx:1.27", "docker.io/library/nginx:1.27"))),
    right("two-herds", "one after the other", only((2, 1, 0))),
    wrong("two-herds", "only the Deployment", only((0,)), on="pets"),
    wrong("two-herds", "only the StatefulSet", only((1, 2)), on="cattle"),
    wrong("two-herds", "two pets", created(PETS_2), on="pets"),
    wrong(
        "two-herds",
        "five cows",
        created(
            (
                "replicas: 3\n  selector:\n    matchLabels:\n      app: cattle",
                "replicas: 5\n  selector:\n    matchLabels:\n      app: cattle",
            )
        ),
        on="cattle",
    ),
    wrong("two-herds", "another image", created(("nginx:1.27", "nginx:1.28")), on="image"),
    wrong("two-herds", "no such image", created(("nginx:1.27", "ngnix:1.27")), on="cattle"),
    wrong(
        "two-herds",
        "other names",
        created(("name: cattle\n", "name: cows\n"), ("name: pets\n", "name: cats\n")),
        outcome=Outcome.NOT_ATTEMPTED,
    ),
    right("start-order", "the pets first", only((2, 1, 0))),
    right("start-order", "checked at once", created(("initialDelaySeconds: 1", "initialDelaySeconds: 2"))),
    wrong("start-order", "all pets at once", created(PARALLEL), on="in-order"),
    wrong("start-order", "the cattle one by one", cattle_one_by_one, on="together"),
    wrong("start-order", "no pets", only((0,)), on="in-order"),
    wrong("start-order", "no cattle", only((1, 2)), on="together"),
    right(
        "doors",
        "a name for the port, a fixed target",
        doors(("- port: 80", "- name: http\n      port: 80\n      targetPort: 80")),
    ),
    wrong("doors", "ordinary Services", doors(("  type: NodePort\n", "")), on="node-ports"),
    wrong("doors", "LoadBalancers", doors(("NodePort", "LoadBalancer")), on="node-ports"),
    wrong("doors", "port 8080", doors(("port: 80", "port: 8080")), on="ports"),
    wrong("doors", "the same herd twice", doors(("app: pets", "app: cattle")), on="selectors"),
    wrong("doors", "a label that nobody has", doors(("app: cattle", "app: cow")), on="behind"),
    wrong("doors", "one pet only", label_lost, on="behind"),
    wrong("doors", "only the herds", lambda bench: bench.reach("two-herds"), outcome=Outcome.NOT_ATTEMPTED),
]
