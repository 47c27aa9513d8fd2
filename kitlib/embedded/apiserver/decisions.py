"""`GET …/<resource>/<name>/decisions`: what the cluster's own parts decided about an object, and why.

The one path of this server that Kubernetes does not have. Discovery does not name it, so no client meets it by chance.
It answers for objects that do not exist too, since why a pod is *not* created is what people ask most.
"""

from __future__ import annotations

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import format_micro_time
from kitlib.embedded.apiserver.request_info import RequestInfo
from kitlib.embedded.registry.explanations import Explanations

__all__ = ["decision_list"]


def decision_list(explanations: Explanations, info: RequestInfo) -> Object:
    """Return the decisions about the object that a request names, oldest first.

    An item has `component`, `text`, `since` and `until`, for example `statefulset-controller`, `web-2 is not created:
    web-1 is not Ready, policy OrderedReady` and two MicroTimes; `until` is null while the decision stands.
    """
    kind = info.resource.kind.lower() if info.resource else ""
    return {
        "kind": "DecisionList",
        "apiVersion": "kit/v1",
        "items": [
            {
                "component": decision.component,
                "text": decision.text,
                "since": format_micro_time(decision.since),
                "until": decision.until and format_micro_time(decision.until),
            }
            for decision in explanations.about(info.namespace, f"{kind}/{info.name}")
        ],
    }
