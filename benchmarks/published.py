"""What others have published. Nothing of it was measured here: the ratios are orders of magnitude."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PUBLISHED", "Published"]


@dataclass(frozen=True, slots=True)
class Published:
    """One number and where it stands.

    Args:
        what: the key of the measurement it is beside.
        who: whose number.
        value: in the unit of that measurement.
        source: where it was published.
    """

    what: str
    who: str
    value: float
    source: str


_MINIKUBE = "minikube docs, benchmarks/timeToK8s/v1.36.0 (CI virtual machine)"

PUBLISHED = (
    Published("from nothing to an app that DNS answers", "minikube 1.36.0", 50.8, _MINIKUBE),
    Published("from nothing to an app that DNS answers", "kind 0.29", 33.0, _MINIKUBE),
    Published("from nothing to an app that DNS answers", "k3d 5.8.3", 19.9, _MINIKUBE),
    Published("new cluster: node Ready, DNS, storage class", "KWOK, all in one image", 5.0, "kwok#335"),
    Published("new cluster: first answer of the API", "envtest", 3.17, "kudo#509"),
    Published("pod created to Running, seen by a watch", "idle kubeadm cluster", 2000, "knative/serving#2484"),
)
