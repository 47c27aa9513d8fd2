"""What built-in admission does to a new pod: service account and its token, tolerations, priority."""

from __future__ import annotations

from kitlib.embedded.apimachinery.naming import random_suffix
from kitlib.embedded.apimachinery.objects import Object, deep_copy
from kitlib.embedded.apimachinery.status import forbidden
from kitlib.embedded.registry.strategies.base import Context

__all__ = ["admit"]

_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN_SECONDS = 3607
_MIRROR = "kubernetes.io/config.mirror"
_SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_PREEMPT = "PreemptLowerPriority"


def admit(pod: Object, ctx: Context) -> None:
    """Change a new pod in place.

    Raises:
        StatusError: 403, its service account or priority class does not exist.
    """
    if _MIRROR not in (pod["metadata"].get("annotations") or {}):
        _service_account(pod, ctx)
    _tolerations(pod["spec"], ctx.toleration_seconds)
    _priority(pod, ctx)


def _service_account(pod: Object, ctx: Context) -> None:
    """The ServiceAccount plugin: default the account, take its pull secrets, mount a token."""
    spec, metadata = pod["spec"], pod["metadata"]
    name = spec.setdefault("serviceAccountName", "default")
    spec["serviceAccount"] = name
    account = ctx.lookup("serviceaccounts", name, metadata.get("namespace", ""))
    if account is None:
        why = (
            f"error looking up service account {metadata.get('namespace', '')}/{name}: "
            f'serviceaccount "{name}" not found'
        )
        # Upstream admits before it generates a name, so a ReplicaSet that fails again and again says the same.
        raise forbidden("pods", ctx.asked_name or metadata.get("name", ""), why)
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = deep_copy({"all": account["imagePullSecrets"]})["all"]
    mounts = spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True))
    if mounts and not any(v.get("name", "").startswith("kube-api-access-") for v in spec.get("volumes") or ()):
        _mount_token(spec, f"kube-api-access-{random_suffix(ctx.random)}")


def _mount_token(spec: Object, volume: str) -> None:
    needed = False
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        mounts = container.setdefault("volumeMounts", [])
        if not any(mount.get("mountPath") == _TOKEN_PATH for mount in mounts):
            mounts.append({"name": volume, "readOnly": True, "mountPath": _TOKEN_PATH})
            needed = True
    if needed:
        spec.setdefault("volumes", []).append({"name": volume, "projected": _token_source()})


def _token_source() -> Object:
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": _TOKEN_SECONDS, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [namespace]}},
        ],
        "defaultMode": 0o644,
    }


def _tolerations(spec: Object, seconds: int) -> None:
    """The DefaultTolerationSeconds plugin: stay for a while on a node that is lost."""
    tolerations = spec.setdefault("tolerations", [])
    for taint in _TAINTS:
        if not any(_tolerates(toleration, taint) for toleration in tolerations):
            stay = {"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}
            tolerations.append(stay)


def _tolerates(toleration: Object, taint: str) -> bool:
    return toleration.get("key", "") in ("", taint) and toleration.get("effect", "") in ("", "NoExecute")


def _priority(pod: Object, ctx: Context) -> None:
    """The Priority plugin: the class's number, or the global default's, or 0."""
    spec = pod["spec"]
    name = spec.get("priorityClassName", "")
    if name:
        found = ctx.lookup("priorityclasses.scheduling.k8s.io", name, "")
        if found is None and name not in _SYSTEM_PRIORITIES:
            why = f"no PriorityClass with name {name} was found"
            raise forbidden("pods", pod["metadata"].get("name", ""), why)
        found = found or {"value": _SYSTEM_PRIORITIES[name]}
    else:
        classes = ctx.objects("priorityclasses.scheduling.k8s.io", "")
        defaults = [each for each in classes if each.get("globalDefault")]
        found = max(defaults, key=lambda each: int(each.get("value", 0)), default=None)
        if found is not None:
            spec["priorityClassName"] = found["metadata"]["name"]
    spec["priority"] = (found or {}).get("value", 0)
    spec.setdefault("preemptionPolicy", (found or {}).get("preemptionPolicy", _PREEMPT))
