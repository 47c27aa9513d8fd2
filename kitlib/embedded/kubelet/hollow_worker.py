"""A pod on a hollow node: its status says that it runs, and nothing of it is on the machine, not even a file.

As KWOK's stages do, it goes from Pending to Running and Ready at once, and is gone when its deletion is asked for.
"""

from __future__ import annotations

from kitlib.embedded.kubelet.container_spec import pod_hostname
from kitlib.embedded.kubelet.pod_worker import PodWorker
from kitlib.embedded.kubelet.record import ContainerKind
from kitlib.embedded.kubelet.runtime import SandboxSpec

__all__ = ["HollowWorker"]


class HollowWorker(PodWorker):
    """Pretends to run one pod; without probes, hooks, volumes and logs."""

    async def _live_in_sandbox(self) -> None:
        context, now = self.context, self.context.now()
        sandbox = SandboxSpec(id=self.sandbox_id, hostname=pod_hostname(context.pod), network=self._node.pod_network)
        context.ip = await context.runtime.run_sandbox(sandbox)
        for record in context.records:
            record.container_id, record.image_id = f"hollow://{context.uid}", record.spec["image"]
            if record.kind is ContainerKind.INIT:
                ended = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
                record.state = {"terminated": ended}
            else:
                record.state = {"running": {"startedAt": now}}
            record.started = record.ready = True
        self.report()

    async def _end(self) -> None:
        context = self.context
        await self._cancel_life()
        await context.runtime.remove_sandbox(self.sandbox_id)
        await self._remove_object()
