"""`shareProcessNamespace`: a container that does nothing is PID 1 of the pod, and the others join its processes.

Source: Kubernetes' "Share Process Namespace between Containers in a Pod".
"""

from __future__ import annotations

import os

from kitlib.embedded.kubelet.pod_context import PodContext
from kitlib.embedded.kubelet.runtime import ContainerSpec, ExecStreams

__all__ = ["hold_processes"]

_IMAGE = "registry.k8s.io/pause:3.10"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


async def hold_processes(context: PodContext, sandbox_id: str) -> str:
    """Start the container; return its name in the runtime. It ends with its sandbox.

    Raises:
        OSError: it can't be started.
        RuntimeLost: the node agent is gone.
    """
    pulled = await context.images.pull(_IMAGE)
    spec = ContainerSpec(
        id=f"{sandbox_id}-pause",
        sandbox_id=sandbox_id,
        command=(*pulled.image.entrypoint, *pulled.image.command),
        env={"PATH": _PATH},
        cwd="/",
        layers=pulled.layers,
        mounts=pulled.mounts,
        capabilities=(),
    )
    stdin, stdout, stderr = (os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC) for _ in range(3))
    execution = await context.runtime.run_container(spec, ExecStreams(stdin=stdin, stdout=stdout, stderr=stderr))
    return execution.id
