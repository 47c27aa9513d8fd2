"""What a container may do and as whom, from the security contexts of its pod and its own.

A user namespace with one user is all that an unprivileged node has: the container's user is that one, whatever its
number, and everything it sees belongs to it. The same with its group: `fsGroup` is a supplementary group on a node that
has them, here it is the group where none is asked for, so that files of volumes show it. Other groups do not exist.
"""

from __future__ import annotations

from typing import Any

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.kubelet.environment import ConfigError
from kitlib.embedded.kubelet.runtime import DEFAULT_CAPABILITIES

__all__ = ["capabilities", "fs_group", "user"]


def user(pod: Object, container: Object) -> tuple[int, int]:
    """Return the numbers of the user and the group a container runs as. Every image of the catalogue runs as root.

    Raises:
        ConfigError: it would be root, which its pod does not want.
    """
    uid, gid = _setting(pod, container, "runAsUser"), _setting(pod, container, "runAsGroup")
    gid = fs_group(pod) if gid is None else gid
    if _setting(pod, container, "runAsNonRoot") and not uid:
        meta = pod["metadata"]
        where = f'(pod: "{meta["name"]}_{meta["namespace"]}({meta["uid"]})", container: {container["name"]})'
        if uid is None:
            raise ConfigError(f"container has runAsNonRoot and image will run as root {where}")
        raise ConfigError(f"container's runAsUser breaks non-root policy {where}")
    return uid or 0, gid or 0


def fs_group(pod: Object) -> int | None:
    """Return the group of the pod's volumes, if there is to be one."""
    found: int | None = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    return found


def capabilities(container: Object, uid: int) -> tuple[str, ...]:
    """Return the capabilities of a container's program: none for a user who is not root."""
    if uid:
        return ()
    wanted = (container.get("securityContext") or {}).get("capabilities") or {}
    dropped = {name.upper() for name in wanted.get("drop") or []}
    kept = () if "ALL" in dropped else [c for c in DEFAULT_CAPABILITIES if c.removeprefix("CAP_") not in dropped]
    # Only what a container engine grants by default may be asked for: nothing that reaches beyond the container.
    added = (f"CAP_{name.upper().removeprefix('CAP_')}" for name in wanted.get("add") or [])
    return tuple(sorted({*kept, *(name for name in added if name in DEFAULT_CAPABILITIES)}))


def _setting(pod: Object, container: Object, name: str) -> Any:
    """The container's own setting counts before its pod's."""
    own = container.get("securityContext") or {}
    return own[name] if name in own else (pod["spec"].get("securityContext") or {}).get(name)
