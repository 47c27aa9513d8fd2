"""Gets a container's image, with the events and the back-off of a kubelet.

Source: Kubernetes' "Images" documentation.
"""

from __future__ import annotations

from kitlib.embedded.kubelet.backoff import Backoff
from kitlib.embedded.kubelet.images.catalogue import ImageNotFound
from kitlib.embedded.kubelet.images.reference import InvalidImageName
from kitlib.embedded.kubelet.images.store import PulledImage
from kitlib.embedded.kubelet.pod_context import PodContext
from kitlib.embedded.kubelet.record import ContainerRecord

__all__ = ["pull"]


async def pull(context: PodContext, record: ContainerRecord) -> PulledImage:
    """Return the container's image; an image that can't be had is tried again for as long as the pod lives."""
    backoff = Backoff(first_at_once=False)
    while True:
        if record.changed.is_set():
            record.changed.clear()
            backoff = Backoff(first_at_once=False)
        name = record.spec["image"]
        try:
            return await _attempt(context, record, name)
        except InvalidImageName as error:
            message = f'Failed to apply default image tag "{name}": {error}'
            context.event("Warning", "InspectFailed", message, record)
            context.event("Warning", "Failed", "Error: InvalidImageName", record)
            reason, waiting = "InvalidImageName", "InvalidImageName"
        except (ImageNotFound, OSError) as error:
            message = str(error)
            context.event("Warning", "Failed", f'Failed to pull image "{name}": {error}', record)
            context.event("Warning", "Failed", "Error: ErrImagePull", record)
            reason, waiting = "ErrImagePull", "ImagePullBackOff"
        except _NeverPull:
            message = f'Container image "{name}" is not present with pull policy of Never'
            context.event("Warning", "ErrImageNeverPull", message, record)
            context.event("Warning", "Failed", "Error: ErrImageNeverPull", record)
            reason, waiting = "ErrImageNeverPull", "ErrImageNeverPull"
        _wait(context, record, reason, message)
        delay = backoff.failed()
        if waiting == "ImagePullBackOff":
            await context.pause(record, 1.0)  # the error itself is shown for a moment, as between two pod syncs
            if record.changed.is_set():
                continue
            context.event("Normal", "BackOff", f'Back-off pulling image "{name}"', record)
            context.event("Warning", "Failed", "Error: ImagePullBackOff", record)
            _wait(context, record, waiting, f'Back-off pulling image "{name}": ErrImagePull: {message}')
            delay -= 1.0
        await context.pause(record, delay)


class _NeverPull(Exception):
    """The image is not here and must not be pulled."""


async def _attempt(context: PodContext, record: ContainerRecord, name: str) -> PulledImage:
    policy, images = record.spec.get("imagePullPolicy", "IfNotPresent"), context.images
    present = images.is_present(name)
    if policy == "Never" and not present:
        raise _NeverPull
    if present and policy != "Always":
        text = f'Container image "{name}" already present on machine and can be accessed by the pod'
        pulled = await images.pull(name)
        context.event("Normal", "Pulled", text, record)
        return pulled
    context.event("Normal", "Pulling", f'Pulling image "{name}"', record)
    started = context.clock.monotonic()
    pulled = await images.pull(name)
    took = f"{round((context.clock.monotonic() - started) * 1000)}ms"
    size = f"Image size: {pulled.size} bytes."
    text = f'Successfully pulled image "{name}" in {took} ({took} including waiting). {size}'
    context.event("Normal", "Pulled", text, record)
    return pulled


def _wait(context: PodContext, record: ContainerRecord, reason: str, message: str) -> None:
    record.state = {"waiting": {"reason": reason, "message": message}}
    context.report()
