"""Which pods stand behind a Service, and on which ports; pure. Source: `pkg/controller/util/endpoint` of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate

__all__ = ["Backend", "Port", "backends", "is_headless"]


@dataclass(frozen=True, slots=True)
class Port:
    """One resolved port."""

    name: str
    number: int
    protocol: str
    app_protocol: str = ""


@dataclass(frozen=True, slots=True)
class Backend:
    """One pod of a Service.

    Args:
        pod: the pod; it has an IP.
        ports: the service's ports as this pod serves them (a named target port may differ from pod to pod).
        ready: whether it gets traffic and a DNS record.
        serving: whether its Ready condition holds, also while terminating.
        terminating: whether its deletion was asked for.
        hostname: its name below the service's, or `""`.
    """

    pod: Object
    ports: tuple[Port, ...]
    ready: bool
    serving: bool
    terminating: bool
    hostname: str

    @property
    def address(self) -> str:
        """The pod's IP."""
        return str(self.pod["status"]["podIP"])

    @property
    def origin(self) -> Object:
        """Where it comes from, in the fields that Endpoints and EndpointSlices share."""
        fields: Object = {"hostname": self.hostname, "nodeName": self.pod["spec"].get("nodeName", "")}
        reference = {"namespace": objects.namespace(self.pod), "name": objects.name(self.pod)}
        target = {"kind": "Pod", **reference, "uid": objects.uid(self.pod)}
        return {name: value for name, value in fields.items() if value} | {"targetRef": target}


def is_headless(service: Object) -> bool:
    """Tell whether `clusterIP` is `None`, the word."""
    return bool(service["spec"].get("clusterIP") == "None")


def backends(service: Object, pods: Iterable[Object]) -> list[Backend]:
    """Return the pods that a Service lists: with an IP, not finished.

    Args:
        service: a Service with a selector.
        pods: those its selector matches.
    """
    publish = bool(service["spec"].get("publishNotReadyAddresses"))
    return [_backend(service, pod, publish=publish) for pod in pods if _is_listed(pod)]


def _is_listed(pod: Object) -> bool:
    return bool((pod.get("status") or {}).get("podIP")) and not podstate.is_finished(pod)


def _backend(service: Object, pod: Object, *, publish: bool) -> Backend:
    serving, terminating = podstate.is_ready(pod), objects.is_terminating(pod)
    hostname = pod["spec"].get("hostname") or ""
    ports = (_resolve(port, pod) for port in service["spec"].get("ports") or [])
    return Backend(
        pod=pod,
        ports=tuple(port for port in ports if port is not None),
        ready=publish or (serving and not terminating),
        serving=serving,
        terminating=terminating,
        hostname=hostname if pod["spec"].get("subdomain") == objects.name(service) else "",
    )


def _resolve(port: Object, pod: Object) -> Port | None:
    target = port.get("targetPort") or port["port"]
    protocol = port.get("protocol") or "TCP"
    number = target if isinstance(target, int) else _named(pod, target, protocol)
    if number is None:
        return None
    return Port(port.get("name") or "", number, protocol, port.get("appProtocol") or "")


def _named(pod: Object, name: str, protocol: str) -> int | None:
    for container in pod["spec"].get("containers") or []:
        for port in container.get("ports") or []:
            if port.get("name") == name and (port.get("protocol") or "TCP") == protocol:
                return int(port["containerPort"])
    return None
