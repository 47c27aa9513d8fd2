"""Attempts at rights, and at the directory."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import ready, steps
from kitlib.checks import Outcome

ROLE = "stateful-nfs-provisioner"
RBAC = "rbac.authorization.k8s.io"


def refused(*parts):
    """Begin with a provisioner that may do nothing."""
    return steps(lambda bench: bench.reach("refused"), *parts)


def working(*parts):
    """Begin with one that works."""
    return steps(lambda bench: bench.reach("rights"), *parts)


def role(*changes):
    return lambda bench: bench.apply(bench.text("role", *changes))


def bound(to=ROLE, *, kind="ClusterRoleBinding", subject=(), **changes):
    """Bind a role to the provisioner's account, or to another subject."""

    def run(bench: Bench) -> None:
        account = {"kind": "ServiceAccount", "name": "provisioner", "namespace": bench.namespace} | changes
        bench.cluster.create(
            {
                "apiVersion": f"{RBAC}/v1",
                "kind": kind,
                "metadata": {"name": ROLE},
                "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": to},
                "subjects": [dict(subject) or account],
            },
            namespace=bench.namespace,
        )

    return run


def as_user(bench: Bench) -> None:
    """A ServiceAccount is a user, too."""
    name = f"system:serviceaccount:{bench.namespace}:provisioner"
    bound(subject={"kind": "User", "name": name, "apiGroup": RBAC})(bench)


def one_rule(bench: Bench) -> None:
    """All that is read in common, in one rule; the verbs in another order, and events as upstream has them."""
    bench.apply(
        f"""
        apiVersion: {RBAC}/v1
        kind: ClusterRole
        metadata: {{name: {ROLE}}}
        rules:
        - apiGroups: ["", "storage.k8s.io"]
          resources: [persistentvolumes, persistentvolumeclaims, storageclasses, nodes]
          verbs: [watch, list, get]
        - apiGroups: [""]
          resources: [persistentvolumes]
          verbs: [delete, create]
        - apiGroups: [""]
          resources: [events]
          verbs: [create, update, patch]
        """
    )


def restarted(bench: Bench) -> None:
    """Delete the provisioner's pod, as one does who thinks that it helps."""
    for pod in bench.cluster.list("pods", namespace=bench.namespace, labels="app=provisioner"):
        bench.delete("pod", pod["metadata"]["name"], wait=False)


def used_first(bench: Bench) -> None:
    """A pod that uses the claim is there before the rights."""
    bench.apply(bench.text("writer"))


def writer(*changes):
    return lambda bench: bench.apply(bench.text("writer", *changes))


def write(text, path="/data/proof.txt"):
    """Write into the pod `writer`; {claim} and {pod} are UIDs."""

    def run(bench: Bench) -> None:
        bench.ready("pod", "writer")
        said = text.format(claim=bench.uid("pvc", "data"), pod=bench.uid("pod", "writer"))
        bench.sh("writer", f"echo {said} > {path}")

    return run


def by_hand(bench: Bench) -> None:
    """A volume made by hand for the claim, instead of rights for the program."""
    bench.apply(bench.text("role"))
    bench.apply(
        """
        apiVersion: v1
        kind: PersistentVolume
        metadata: {name: by-hand}
        spec:
          capacity: {storage: 20Mi}
          accessModes: [ReadWriteMany]
          storageClassName: stateful-nfs
          hostPath: {path: /srv/lab-04/by-hand, type: DirectoryOrCreate}
        """
    )
    bench.ready("pvc", "data")


def hand_made(bench: Bench) -> None:
    """The volume made by hand, and a proof on it."""
    by_hand(bench)
    bench.apply(bench.text("writer"))
    write("{claim}")(bench)


NO_CREATE = (', "create", "delete"', "")
NO_CLASSES = ('resources: ["storageclasses"]', 'resources: ["storageclass"]')
WRONG_GROUP = ('["storage.k8s.io"]', '[""]')

ATTEMPTS = [
    right("rights", "in fewer rules, with more for events", refused(one_rule, bound())),
    right("rights", "the binding first", refused(bound(), role())),
    right("rights", "by the name that the log gives it", refused(role(), as_user)),
    right("rights", "the pod restarted", refused(role(), bound(), restarted)),
    wrong("rights", "no binding", refused(role()), on="may"),
    wrong("rights", "no role", refused(bound()), on="may"),
    wrong("rights", "cluster-admin", refused(bound("cluster-admin")), on="least"),
    wrong(
        "rights",
        "everything",
        refused(role(('resources: ["persistentvolumes"]', 'resources: ["*"]')), bound()),
        on="least",
    ),
    wrong(
        "rights",
        "every verb",
        refused(role(('["get", "list", "watch", "create", "delete"]', '["*"]')), bound()),
        on="least",
    ),
    wrong("rights", "it may not create", refused(role(NO_CREATE), bound()), on="made"),
    wrong("rights", "a class in the singular", refused(role(NO_CLASSES), bound()), on="may"),
    wrong("rights", "the wrong API group", refused(role(WRONG_GROUP), bound()), on="may"),
    wrong("rights", "another account", refused(role(), bound(name="default")), on="may"),
    wrong("rights", "the account of another namespace", refused(role(), bound(namespace="default")), on="made"),
    wrong("rights", "a binding in the namespace", refused(role(), bound(kind="RoleBinding")), on="may"),
    wrong("rights", "a volume made by hand", refused(by_hand), on="made"),
    wrong("rights", "a pod was there before", refused(used_first, role(), bound()), on="immediate"),
    right("directory", "mounted under another name", working(writer(("name: data", "name: files")), write("{claim}"))),
    right("directory", "with two lines of mistakes before", working(writer(), write("{pod}"), write("{claim}"))),
    wrong("directory", "nothing written", working(writer()), on="written"),
    wrong("directory", "the UID of the pod", working(writer(), write("{pod}")), on="written"),
    wrong("directory", "another file", working(writer(), write("{claim}", "/data/prove.txt")), on="written"),
    wrong("directory", "mounted elsewhere", working(writer(("/data", "/files"))), on="mounted"),
    wrong(
        "directory",
        "the other claim",
        working(writer(("claimName: data", "claimName: later")), write("{claim}")),
        on="written",
    ),
    wrong("directory", "on a volume made by hand", refused(hand_made), on="named"),
    wrong("directory", "no pod", working(), outcome=Outcome.NOT_ATTEMPTED),
]
