"""What only pods can have done to them: binding to a node and eviction.

Source: Kubernetes' "API-initiated Eviction" documentation and `pods/binding`.
"""

from __future__ import annotations

from kitlib.embedded.apimachinery import selectors
from kitlib.embedded.apimachinery.objects import Object, deep_copy, labels
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.status import StatusError, conflict
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.registry.options import DeleteOptions, WriteOptions
from kitlib.embedded.registry.registry import Registry

__all__ = ["bind", "evict"]

_PODS, _BUDGETS = by_name("pods"), by_name("poddisruptionbudgets.policy")


def bind(registry: Registry, name: str, node: str, *, namespace: str, options: WriteOptions) -> None:
    """Assign a pod to a node, once.

    Raises:
        StatusError: 404, or 409 when the pod has a node or is being deleted.
    """
    old = registry.get(_PODS, name, namespace)
    if old["metadata"].get("deletionTimestamp"):
        raise conflict("pods/binding", name, f"pod {name} is being deleted, cannot be assigned to a host")
    if current := old["spec"].get("nodeName"):
        raise conflict("pods/binding", name, f'pod {name} is already assigned to node "{current}"')
    pod = deep_copy(old)
    pod["spec"]["nodeName"] = node
    conditions = [c for c in pod["status"].get("conditions", []) if c["type"] != "PodScheduled"]
    scheduled = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": format_time(registry.clock.now()),
    }
    pod["status"]["conditions"] = [*conditions, scheduled]
    pod["status"].pop("nominatedNodeName", None)
    if not options.dry_run:
        registry.store.put("pods", pod)


def evict(registry: Registry, name: str, *, namespace: str, eviction: Object) -> Object:
    """Delete a pod unless a disruption budget forbids it; return the Status to answer with.

    Raises:
        StatusError: 404, or 429 TooManyRequests with cause DisruptionBudget.
    """
    pod = registry.get(_PODS, name, namespace)
    wanted = eviction.get("deleteOptions") or {}
    if pod["status"].get("phase") not in ("Succeeded", "Failed", "Pending") and not _is_terminating(pod):
        _spend_budget(registry, pod, namespace, dry_run=bool(wanted.get("dryRun")))
    uid = (wanted.get("preconditions") or {}).get("uid", "")
    options = DeleteOptions(
        grace_period_seconds=wanted.get("gracePeriodSeconds"), uid=uid, dry_run=bool(wanted.get("dryRun"))
    )
    registry.delete(_PODS, name, namespace=namespace, options=options)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _is_terminating(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def _spend_budget(registry: Registry, pod: Object, namespace: str, *, dry_run: bool) -> None:
    for budget in registry.list(_BUDGETS, namespace).items:
        selector = budget["spec"].get("selector")
        if selector is None or not selectors.from_label_selector(selector).matches(labels(pod)):
            continue
        if budget.get("status", {}).get("disruptionsAllowed", 0) <= 0:
            name = budget["metadata"]["name"]
            status = budget.get("status", {})
            cause = {
                "reason": "DisruptionBudget",
                "message": f"The disruption budget {name} needs {status.get('desiredHealthy', 0)} healthy pods "
                f"and has {status.get('currentHealthy', 0)} currently",
            }
            message = "Cannot evict pod as it would violate the pod's disruption budget."
            raise StatusError(429, "TooManyRequests", message, details={"causes": [cause]})
        new = deep_copy(budget)
        new["status"]["disruptionsAllowed"] -= 1
        name = budget["metadata"]["name"]
        options = WriteOptions(dry_run=dry_run)
        registry.update(_BUDGETS, name, new, namespace=namespace, options=options, subresource="status")
