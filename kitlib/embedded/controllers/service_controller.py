"""What the two endpoint controllers share: watching Services and the pods they select."""

from __future__ import annotations

from abc import abstractmethod

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.selectors import Requirement, Selector
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.endpoints_model import Backend, backends
from kitlib.embedded.storage.event import Event

__all__ = ["ServiceController"]


class ServiceController(Controller):
    """Reconciles something that follows from a Service and its pods."""

    @property
    @abstractmethod
    def output(self) -> str:
        """The qualified resource this controller writes; it is watched too, so that foreign changes are undone."""

    def register(self) -> None:
        """Watch Services, pods and the own output."""
        self.watch_own("services")
        self.watch("pods", self._services_of_pod)
        self.watch(self.output, self._service_of_output)

    def backends_of(self, service: Object) -> list[Backend]:
        """Return the backends of a Service with a selector, ordered by pod name."""
        matches = _selector(service)
        pods = self.client.list("pods", objects.namespace(service))
        return backends(service, (pod for pod in pods if matches.matches(objects.labels(pod))))

    @abstractmethod
    def service_name(self, output: Object) -> str | None:
        """Return the name of the Service an output object belongs to, or None."""

    def _services_of_pod(self, event: Event) -> list[str]:
        states = [obj for obj in (event.object, event.old) if obj is not None]
        return [
            objects.key(service)
            for service in self.client.list("services", objects.namespace(event.object))
            if service["spec"].get("selector")
            and any(_selector(service).matches(objects.labels(state)) for state in states)
        ]

    def _service_of_output(self, event: Event) -> list[str]:
        name = self.service_name(event.object)
        return [f"{objects.namespace(event.object)}/{name}"] if name else []


def _selector(service: Object) -> Selector:
    wanted = service["spec"].get("selector") or {}
    if not wanted:
        return Selector(never=True)
    return Selector(tuple(Requirement(key, "=", (value,)) for key, value in wanted.items()))
