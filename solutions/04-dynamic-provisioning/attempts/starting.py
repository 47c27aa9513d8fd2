"""Attempts at the first three checkpoints: a consumer, a class, a provisioner without rights."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, apply, delete, steps
from kitlib.checks import Outcome


def waits(name):
    return lambda bench: bench.cluster.wait("pvc", name, namespace=bench.namespace, until="Pending")


def class_only(bench: Bench) -> None:
    bench.apply(bench.text("class").partition("---")[0])


def claim_only(bench: Bench) -> None:
    bench.apply(bench.text("class").partition("---")[2])


def trusted(bench: Bench) -> None:
    """The rights first, the program afterwards: it is never refused anything."""
    account, _, deployment = bench.text("provisioner").partition("---")
    bench.apply(account)
    bench.apply(bench.text("role"))
    bench.cluster.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "stateful-nfs-provisioner"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "stateful-nfs-provisioner",
            },
            "subjects": [{"kind": "ServiceAccount", "name": "provisioner", "namespace": bench.namespace}],
        }
    )
    bench.apply(deployment)


def account_last(bench: Bench) -> None:
    """Pods cannot be made without it, and are made when it comes."""
    account, _, deployment = bench.text("provisioner").partition("---")
    bench.apply(deployment)
    bench.apply(account)


LATER = ("  accessModes:", '  storageClassName: ""\n  accessModes:')
WAITING = "volumeBindingMode: Immediate"
ACCOUNT = "      serviceAccountName: provisioner\n"
NAME = "value: lab-04/subdir"

ATTEMPTS = [
    right("first-consumer", "in kibibytes", steps(apply("later", ("10Mi", "10240Ki")), waits("later"), apply("user"))),
    right(
        "first-consumer",
        "a claim that was wrong at first",
        steps(apply("later", ("10Mi", "1Mi")), delete("pvc", "later"), apply("later"), waits("later"), apply("user")),
    ),
    wrong("first-consumer", "the pod first", steps(apply("user"), apply("later")), on="waited"),
    wrong("first-consumer", "no pod", apply("later"), on="used"),
    wrong("first-consumer", "an empty class", steps(apply("later", LATER), apply("user")), on="claim"),
    wrong(
        "first-consumer",
        "a mode that the provisioner does not offer",
        steps(apply("later", ("ReadWriteOnce", "ReadWriteMany")), apply("user")),
        on="claim",
    ),
    wrong(
        "first-consumer",
        "another size",
        steps(apply("later", ("10Mi", "10Gi")), waits("later"), apply("user")),
        on="claim",
    ),
    wrong(
        "first-consumer",
        "the pod uses another claim",
        steps(apply("later"), apply("user", ("claimName: later", "claimName: late"))),
        on="used",
    ),
    right("own-class", "the claim before its class", steps(claim_only, class_only)),
    right("own-class", "Immediate is the default", apply("class", (WAITING + "\n", ""))),
    right("own-class", "in kibibytes", apply("class", ("20Mi", "20480Ki"))),
    wrong("own-class", "no claim", class_only, on="claim"),
    wrong("own-class", "no class", claim_only, on="class"),
    wrong("own-class", "the policy left out", apply("class", ("reclaimPolicy: Retain\n", "")), on="class"),
    wrong(
        "own-class",
        "the provisioner of the other class",
        apply("class", ("provisioner: lab-04/subdir", "provisioner: rancher.io/local-path")),
        on="asked",
    ),
    wrong("own-class", "waiting", apply("class", (WAITING, "volumeBindingMode: WaitForFirstConsumer")), on="asked"),
    wrong(
        "own-class",
        "a claim of the other class",
        apply("class", ("storageClassName: stateful-nfs", "storageClassName: standard")),
        on="claim",
    ),
    right("refused", "the account last", after("own-class", account_last)),
    right(
        "refused", "two tries", after("own-class", apply("provisioner", (NAME, "value: subdir")), apply("provisioner"))
    ),
    wrong("refused", "no account named", after("own-class", apply("provisioner", (ACCOUNT, ""))), on="account"),
    wrong(
        "refused",
        "the account default, named",
        after("own-class", apply("provisioner", (ACCOUNT, "      serviceAccountName: default\n"))),
        on="refused",
    ),
    wrong(
        "refused",
        "no ServiceAccount",
        after("own-class", lambda b: b.apply(b.text("provisioner").partition("---")[2])),
        on="account",
    ),
    wrong(
        "refused",
        "another name",
        after("own-class", apply("provisioner", (NAME, "value: stateful-nfs"))),
        on="runs",
    ),
    wrong(
        "refused",
        "no such image",
        after("own-class", apply("provisioner", ("subdir-provisioner:1.0", "subdir-provisoner:1.0"))),
        on="runs",
    ),
    wrong("refused", "rights before", after("own-class", trusted), on="refused"),
    wrong(
        "refused",
        "only a class",
        class_only,
        outcome=Outcome.NOT_ATTEMPTED,
    ),
]
