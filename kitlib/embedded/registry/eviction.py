"""Eviction: a deletion that asks the disruption budgets first. Source: `registry/core/pod/storage/eviction.go`."""

from __future__ import annotations

from kitlib.embedded.apimachinery import selectors
from kitlib.embedded.apimachinery.objects import Object, deep_copy, labels
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.status import StatusError, forbidden, generic
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.registry.options import DeleteOptions, WriteOptions
from kitlib.embedded.registry.registry import Registry

__all__ = ["evict"]

_PODS = by_name("pods")
_BUDGETS = by_name("poddisruptionbudgets.policy")
_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
_SEVERAL = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
# So many evictions may wait for the disruption controller to confirm them.
_MOST_DISRUPTED = 2000


def evict(registry: Registry, name: str, *, namespace: str, eviction: Object) -> Object:
    """Delete a pod unless a disruption budget forbids it; return the Status to answer with.

    Raises:
        StatusError: 404, 429 TooManyRequests with cause DisruptionBudget, or 500 when two budgets cover the pod.
    """
    pod = registry.get(_PODS, name, namespace)
    wanted = eviction.get("deleteOptions") or {}
    dry_run = bool(wanted.get("dryRun"))
    preconditions = wanted.get("preconditions") or {}
    options = DeleteOptions(
        grace_period_seconds=wanted.get("gracePeriodSeconds"), uid=preconditions.get("uid", ""), dry_run=dry_run
    )
    if not _needs_no_budget(pod):
        budget = _budget_of(registry, pod, namespace)
        if budget is not None and not _may_go_unhealthy(pod, budget):
            _spend(registry, pod, budget, dry_run=dry_run)
    if not dry_run and not pod["metadata"].get("deletionTimestamp"):
        _mark(registry, pod)
    registry.delete(_PODS, name, namespace=namespace, options=options)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _needs_no_budget(pod: Object) -> bool:
    """A pod that does not run, or goes anyway, disrupts nobody."""
    return pod["status"].get("phase") in ("Succeeded", "Failed", "Pending") or bool(
        pod["metadata"].get("deletionTimestamp")
    )


def _budget_of(registry: Registry, pod: Object, namespace: str) -> Object | None:
    found = []
    for budget in registry.list(_BUDGETS, namespace).items:
        selector = budget["spec"].get("selector")
        if selector is not None and selectors.from_label_selector(selector).matches(labels(pod)):
            found.append(budget)
    if len(found) > 1:
        raise generic(500, "InternalError", _SEVERAL)
    return found[0] if found else None


def _may_go_unhealthy(pod: Object, budget: Object) -> bool:
    """A pod that is not Ready may go with AlwaysAllow, else where enough others are healthy without it."""
    conditions = pod["status"].get("conditions") or ()
    if any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    healthy, desired = int(status.get("currentHealthy") or 0), int(status.get("desiredHealthy") or 0)
    return healthy >= desired > 0


def _spend(registry: Registry, pod: Object, budget: Object, *, dry_run: bool) -> None:
    """Take one disruption off the budget, and note the pod until the controller sees it go."""
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    if int(status.get("observedGeneration") or 0) < int(budget["metadata"].get("generation") or 0):
        raise _refusal(f"The disruption budget {name} is still being processed by the server.", retry_after=10)
    allowed, disrupted = int(status.get("disruptionsAllowed") or 0), status.get("disruptedPods") or {}
    if allowed < 0:
        raise forbidden(_BUDGETS.qualified, name, "pdb disruptions allowed is negative")
    if len(disrupted) > _MOST_DISRUPTED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise forbidden(_BUDGETS.qualified, name, why)
    if allowed == 0:
        raise _refusal(
            f"The disruption budget {name} needs {status.get('desiredHealthy', 0)} healthy pods "
            f"and has {status.get('currentHealthy', 0)} currently"
        )
    new = deep_copy(budget)
    new["status"]["disruptionsAllowed"] = allowed - 1
    new["status"]["disruptedPods"] = disrupted | {pod["metadata"]["name"]: format_time(registry.clock.now())}
    options = WriteOptions(dry_run=dry_run)
    namespace = budget["metadata"]["namespace"]
    registry.update(_BUDGETS, name, new, namespace=namespace, options=options, subresource="status")


def _refusal(message: str, *, retry_after: int = 0) -> StatusError:
    details: Object = {"causes": [{"reason": "DisruptionBudget", "message": message}]}
    if retry_after:
        details["retryAfterSeconds"] = retry_after
    return StatusError(429, "TooManyRequests", _REFUSED, details=details)


def _mark(registry: Registry, pod: Object) -> None:
    """Say on the pod why it goes."""
    new = deep_copy(registry.get(_PODS, pod["metadata"]["name"], pod["metadata"]["namespace"]))
    kept = [one for one in new["status"].get("conditions") or () if one["type"] != "DisruptionTarget"]
    mark = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": format_time(registry.clock.now()),
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    new["status"]["conditions"] = [*kept, mark]
    meta = new["metadata"]
    registry.update(_PODS, meta["name"], new, namespace=meta["namespace"], options=WriteOptions(), subresource="status")
