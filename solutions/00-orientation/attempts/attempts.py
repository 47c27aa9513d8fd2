"""What somebody may do who sees a lab for the first time."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, apply, delete, steps
from kitlib.checks import Outcome

IMAGE, LABEL = ("ngnix", "nginx"), ("app: shpo", "app: shop")


def ready(name):
    return lambda bench: bench.ready("pod", name)


def pod(**metadata):
    return lambda bench: bench.patch("pod", "shop", {"metadata": metadata})


def image(name):
    """What `kubectl set image` does."""
    containers = {"spec": {"containers": [{"name": "web", "image": name}]}}
    return lambda bench: bench.cluster.patch("pod", "shop", containers, namespace=bench.namespace, form="strategic")


def at_once(bench: Bench) -> None:
    """Deleted and made again before the first one was Ready."""
    bench.apply(bench.text("hello", ("sleep 3600", "sleep 3601"), ("busybox:1.36", "busybox:none")))
    bench.delete("pod", "hello")
    bench.apply(bench.text("hello"))


def pod_only(bench: Bench) -> None:
    bench.apply(bench.text("shop").partition("---")[2])


def service_only(bench: Bench) -> None:
    bench.apply(bench.text("shop").partition("---")[0])


DRAFT = apply("hello", ("name: hello", "name: draft"))

ATTEMPTS = [
    wrong("first-pod", "draft left", steps(DRAFT, apply("hello")), on="reset"),
    wrong("first-pod", "only draft", DRAFT, outcome=Outcome.NOT_ATTEMPTED),
    right("first-pod", "draft deleted by hand", steps(DRAFT, delete("pod", "draft"), apply("hello"))),
    right("first-pod", "the image's whole name", apply("hello", ("busybox:", "docker.io/library/busybox:"))),
    right("first-pod", "another pod beside it", steps(apply("hello"), apply("hello", ("name: hello", "name: hullo")))),
    wrong("first-pod", "another name", apply("hello", ("name: hello", "name: helo")), on="runs"),
    wrong("first-pod", "another image", apply("hello", ("busybox:1.36", "nginx:1.27")), on="runs"),
    wrong("first-pod", "another version", apply("hello", ("busybox:1.36", "busybox:1.35")), on="runs"),
    wrong("first-pod", "a misspelt image", apply("hello", ("busybox", "bisybox")), on="runs"),
    right(
        "second-pod",
        "twice",
        after(
            "first-pod", delete("pod", "hello"), apply("hello"), ready("hello"), delete("pod", "hello"), apply("hello")
        ),
    ),
    right("second-pod", "without waiting for it", after("first-pod", delete("pod", "hello"), apply("hello"))),
    wrong("second-pod", "deleted only", after("first-pod", delete("pod", "hello")), on="two"),
    wrong("second-pod", "not deleted", after("first-pod", apply("hello")), outcome=Outcome.NOT_ATTEMPTED),
    wrong(
        "second-pod",
        "under another name",
        after("first-pod", delete("pod", "hello"), apply("hello", ("name: hello", "name: hello-2"))),
        on="runs",
    ),
    wrong("second-pod", "the first one never ran", at_once, on="order"),
    wrong(
        "second-pod",
        "with another image",
        after("first-pod", delete("pod", "hello"), apply("hello", ("1.36", "1.35"))),
        on="runs",
    ),
    right("accepted", "everything repaired at once", after("second-pod", apply("shop", IMAGE, LABEL))),
    right("accepted", "in two parts", after("second-pod", pod_only, service_only)),
    wrong("accepted", "only the Service", after("second-pod", service_only), on="pod"),
    wrong("accepted", "only the pod", after("second-pod", pod_only), on="service"),
    wrong(
        "accepted", "the container renamed", after("second-pod", apply("shop", ("name: web", "name: shop"))), on="pod"
    ),
    wrong("accepted", "another port", after("second-pod", apply("shop", ("port: 80", "port: 8080"))), on="service"),
    wrong(
        "accepted",
        "the selector changed to fit",
        after("second-pod", apply("shop", ("app: shop", "app: shpo"))),
        on="service",
    ),
    right("image", "with kubectl", after("accepted", image("nginx:1.27"))),
    right("image", "a new pod", after("accepted", delete("pod", "shop"), apply("shop", IMAGE))),
    right("image", "with its registry", after("accepted", image("docker.io/library/nginx:1.27"))),
    wrong("image", "another version", after("accepted", image("nginx:1.28")), on="runs"),
    wrong("image", "misspelt again", after("accepted", image("nignx:1.27")), on="runs"),
    wrong("image", "the other image", after("accepted", image("busybox:1.36")), on="runs"),
    wrong("image", "nothing repaired", after("accepted"), outcome=Outcome.NOT_ATTEMPTED),
    right("label", "with kubectl", after("accepted", image("nginx:1.27"), pod(labels={"app": "shop"}))),
    right(
        "label",
        "the label first, and one more",
        after("accepted", pod(labels={"app": "shop", "tier": "web"}), image("nginx:1.27")),
    ),
    right("label", "a new pod", after("accepted", delete("pod", "shop"), apply("shop", IMAGE, LABEL))),
    wrong("label", "before the image is repaired", after("accepted", pod(labels={"app": "shop"})), on="found"),
    wrong("label", "the label taken off", after("image", pod(labels={"app": None})), on="found"),
    wrong("label", "another value", after("image", pod(labels={"app": "Shop"})), on="found"),
    wrong(
        "label",
        "the port changed as well",
        after("accepted", apply("shop", IMAGE, LABEL, ("port: 80", "port: 8080"))),
        on="page",
    ),
    wrong("label", "nothing repaired", after("image"), outcome=Outcome.NOT_ATTEMPTED),
]
