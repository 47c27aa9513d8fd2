"""What the workload tests of upstream share: images, probes, and waiting for what is read through the API alone."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kubernetes import watch
from kubernetes.client.exceptions import ApiException

from tests.support.kubectl import Kubectl
from tests.support.patience import Patience

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"
AGNHOST_BEFORE = "registry.k8s.io/e2e-test-images/agnhost:2.52"
BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1"
PAUSE = "registry.k8s.io/pause:3.10.1"

Object = dict[str, Any]

_ORDINAL = re.compile(r"-([0-9]+)$")


def unique(prefix: str) -> str:
    """Return a name or label value that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def webserver(image: str = AGNHOST_BEFORE, **more: Any) -> Object:
    """Return a container that serves its root file system on port 80."""
    return {"name": "webserver", "image": image, "args": ["test-webserver"], **more}


def http_probe() -> Object:
    """Ready while the file /localhost.crt is there."""
    return {"httpGet": {"path": "/localhost.crt", "port": 80}, "periodSeconds": 1, "failureThreshold": 1}


def pause_probe() -> Object:
    """Ready once somebody has written /data/statefulset-continue."""
    command = ["test", "-f", "/data/statefulset-continue"]
    return {"exec": {"command": command}, "periodSeconds": 1, "successThreshold": 1, "failureThreshold": 1}


def ordinal(name: str) -> int:
    """Return the number at the end of a pod's name."""
    found = _ORDINAL.search(name)
    assert found, f"{name} has no ordinal"
    return int(found[1])


def is_ready(pod: Any) -> bool:
    """Tell whether the condition Ready is True."""
    return any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or ())


def is_running_and_ready(pod: Any) -> bool:
    return pod.status.phase == "Running" and is_ready(pod)


def controller_uid(obj: Any) -> str:
    """Return the UID of the controller of a pod, or an empty string."""
    return next((ref.uid for ref in obj.metadata.owner_references or () if ref.controller), "")


def selector_text(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def revision_number(obj: Any) -> int:
    """Return the resourceVersion, which is a decimal number on every real cluster."""
    text = obj.metadata.resource_version
    assert text.isdecimal(), f"resourceVersion {text!r} is not a number"
    return int(text)


@contextmanager
def absent_is_fine() -> Iterator[None]:
    """Pass over that something to be removed is not there."""
    try:
        yield
    except ApiException as error:
        if error.status != 404:
            raise


def exists(read: Callable[[], Any]) -> bool:
    """Tell whether `read` finds its object."""
    try:
        read()
    except ApiException as error:
        if error.status == 404:
            return False
        raise
    return True


def on_conflict_again(patience: Patience, change: Callable[[], Any]) -> Any:
    """Read, change and write until nobody else wrote in between."""

    def attempt() -> tuple[Any]:
        try:
            return (change(),)
        except ApiException as error:
            assert error.status != 409, "somebody else wrote at the same time"
            raise

    return patience.until(attempt, "a write without a conflict")[0]


@dataclass(frozen=True)
class Watched:
    """The events of one kind since a list, read when they are asked for."""

    call: Callable[..., Any]
    version: str
    arguments: Object

    def until(self, seconds: float, done: Callable[[list[tuple[str, Any]]], bool]) -> list[tuple[str, Any]]:
        """Return the events up to the one that makes `done` true."""
        seen: list[tuple[str, Any]] = []
        stream = watch.Watch().stream(
            self.call, resource_version=self.version, timeout_seconds=int(seconds), **self.arguments
        )
        for event in stream:
            seen.append((event["type"], event["object"]))
            if done(seen):
                return seen
        raise AssertionError(f"the watch ended without it: {[(kind, obj.metadata.name) for kind, obj in seen]}")

    def in_order(self, seconds: float, kind: str, names: list[str]) -> None:
        """Check that events of `kind` came for these names in this order, whatever came between."""
        wanted = list(names)

        def done(seen: list[tuple[str, Any]]) -> bool:
            if wanted and (seen[-1][0], seen[-1][1].metadata.name) == (kind, wanted[0]):
                wanted.pop(0)
            return not wanted

        self.until(seconds, done)


def watch_from_list(call: Callable[..., Any], **arguments: Any) -> Watched:
    """Note where a list stands, to watch from there."""
    return Watched(call, call(**arguments).metadata.resource_version, arguments)


def shell(kubectl: Kubectl, pod: str, command: str, container: str = "webserver") -> str:
    """Run a command in a container, with kubectl."""
    return kubectl("exec", pod, "-c", container, "--", "/bin/sh", "-x", "-c", command)
