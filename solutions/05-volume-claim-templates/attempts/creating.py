"""Attempts at the first three checkpoints: the Service, the set, its order."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.checks import Outcome


def service(*changes):
    return lambda bench: bench.apply(bench.text("service", *changes))


def created(*changes):
    """Create the Service and a set that differs from the reference; the check itself has to wait for the pods."""

    def steps(bench: Bench) -> None:
        bench.reach("headless-service")
        bench.apply(bench.text("statefulset", *changes))

    return steps


def without_claims(bench: Bench) -> None:
    text = bench.text("statefulset")
    head, _, _ = text.partition("  volumeClaimTemplates:")
    body = head.replace("      containers:", "      volumes: [{name: www, emptyDir: {}}]\n      containers:")
    bench.reach("headless-service")
    bench.apply(body)


def pods_by_hand(bench: Bench) -> None:
    for name in ("web-0", "web-1"):
        bench.apply(
            f"""
            apiVersion: v1
            kind: Pod
            metadata: {{name: {name}, labels: {{app: web}}}}
            spec: {{containers: [{{name: nginx, image: "nginx:1.27"}}]}}
            """
        )


def deployment(bench: Bench) -> None:
    bench.apply(
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: nginx, image: "nginx:1.27"}]}
        """
    )


def second_first(bench: Bench) -> None:
    """A pod of the right name was there before the set: the set adopts it."""
    bench.reach("headless-service")
    bench.apply(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: web-1, labels: {app: web}}
        spec: {containers: [{name: nginx, image: "nginx:1.27"}]}
        """
    )
    bench.apply(bench.text("statefulset"))


PARALLEL = ("  replicas: 2\n", "  replicas: 2\n  podManagementPolicy: Parallel\n")
RUNS_LATE = ("            periodSeconds: 1\n", "            periodSeconds: 1\n            initialDelaySeconds: 2\n")

ATTEMPTS = [
    right(
        "headless-service",
        "a port without a name, a type in so many words",
        service(("name: http\n      port", "port"), ("spec:", "spec:\n  type: ClusterIP")),
    ),
    wrong("headless-service", "an ordinary Service", service(("  clusterIP: None\n", "")), on="headless"),
    wrong("headless-service", "another label", service(("app: web", "app: nginx")), on="selector"),
    wrong("headless-service", "one label too many", service(("app: web", "app: web\n    tier: front")), on="selector"),
    wrong("headless-service", "port 8080", service(("port: 80", "port: 8080")), on="port"),
    wrong("headless-service", "another name", service(("name: web", "name: nginx")), outcome=Outcome.NOT_ATTEMPTED),
    right("two-replicas", "the same size in other words", created(("64Mi", "65536Ki"))),
    right(
        "two-replicas",
        "the class by its name",
        created(("accessModes:", "storageClassName: standard\n        accessModes:")),
    ),
    right("two-replicas", "all pods at once", created(PARALLEL)),
    wrong("two-replicas", "one replica", created(("replicas: 2", "replicas: 1")), on="replicas"),
    wrong("two-replicas", "another template name", created(("name: www", "name: data")), on="claims"),
    wrong("two-replicas", "64M is not 64Mi", created(("64Mi", "64M")), on="size"),
    wrong(
        "two-replicas",
        "a mode too many",
        created(('["ReadWriteOnce"]', '["ReadWriteOnce", "ReadOnlyMany"]')),
        on="size",
    ),
    wrong("two-replicas", "mounted elsewhere", created(("/usr/share/nginx/html", "/data")), on="mount"),
    wrong("two-replicas", "another Service", created(("serviceName: web", "serviceName: nginx")), on="service-name"),
    wrong("two-replicas", "no such image", created(("nginx:1.27", "ngnix:1.27")), on="replicas"),
    wrong(
        "two-replicas",
        "no such class",
        created(("accessModes:", "storageClassName: fast\n        accessModes:")),
        on="claims",
    ),
    wrong(
        "two-replicas",
        "a probe that never succeeds",
        created(("port: 80\n            period", "port: 81\n            period")),
        on="replicas",
    ),
    wrong("two-replicas", "a Deployment", deployment, outcome=Outcome.NOT_ATTEMPTED),
    right("ordered-start", "slow pods", created(RUNS_LATE)),
    wrong("ordered-start", "all pods at once", created(PARALLEL, RUNS_LATE), on="one-by-one"),
    wrong("ordered-start", "no claim template", without_claims, on="claim-first"),
    wrong("ordered-start", "pods by hand", pods_by_hand, on="claim-first"),
    wrong("ordered-start", "web-1 was there first", second_first, on="one-by-one"),
    wrong("ordered-start", "a Deployment", deployment, outcome=Outcome.NOT_ATTEMPTED),
]
