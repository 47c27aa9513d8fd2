"""Which workload a recorded pod belongs to: so that pictures can show several workloads side by side. Pure."""

from __future__ import annotations

from kitlib.checks import History, Life

__all__ = ["controller", "controllers"]

_CONTROLLERS = ("StatefulSet", "Deployment", "ReplicaSet")


def controller(history: History, life: Life) -> str:
    """Return what a pod belongs to, such as `Deployment web`: the topmost recorded controller, or "" if it has none.

    Args:
        history: with the ReplicaSets and Deployments, if they are recorded; else the pod's own controller is named.
        life: of the pod; for another object the answer is "".
    """
    if life.first.kind != "Pod":
        return ""
    owner, name = life.last.state.get("owner"), life.last.state.get("owner_name")
    if not owner:
        return ""
    known = {one.uid: one for kind in _CONTROLLERS for one in history.lives(kind)}
    top = None
    while owner in known:
        top = known[owner]
        owner = top.last.state.get("owner")
    return f"{top.first.kind} {top.name}" if top is not None else str(name or "")


def controllers(history: History, names: list[str]) -> dict[str, str]:
    """Return the controllers of the pods of these names, in the order in which their first pods were born."""
    found: dict[str, str] = {}
    for life in history.lives("Pod"):
        if life.name in names and (of := controller(history, life)):
            found[life.name] = of
    return found
