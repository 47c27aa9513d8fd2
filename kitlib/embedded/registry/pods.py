"""What only pods can have done to them: binding to a node. Source: Kubernetes' `pods/binding`."""

from __future__ import annotations

from kitlib.embedded.apimachinery.objects import deep_copy
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.status import conflict
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.registry.options import WriteOptions
from kitlib.embedded.registry.registry import Registry

__all__ = ["bind"]

_PODS = by_name("pods")


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
        "observedGeneration": old["metadata"].get("generation", 1),
    }
    pod["status"]["conditions"] = [*conditions, scheduled]
    pod["status"].pop("nominatedNodeName", None)
    if not options.dry_run:
        registry.store.put("pods", pod)
