"""Steps of attempts: what learners do in many labs. Each function returns a step, which does it on a bench.

Example:
    >>> wrong("ordered-in", "a pod is deleted", after("ordered-out", delete("pod", "web-2")), ...)  # doctest: +SKIP
"""

from __future__ import annotations

from kitlib.authoring.attempts import Bench, Move

__all__ = ["after", "apply", "ask_for", "delete", "ready", "replace", "scale", "sh", "steps"]


def steps(*parts: Move) -> Move:
    """Take these steps, one after the other."""

    def run(bench: Bench) -> None:
        for part in parts:
            part(bench)

    return run


def after(checkpoint: str, *parts: Move) -> Move:
    """Take the reference's steps up to and including those of a checkpoint, then these."""
    return steps(lambda bench: bench.reach(checkpoint), *parts)


def apply(name: str, *changes: tuple[str, str]) -> Move:
    """Apply a solved manifest with some text replaced."""
    return lambda bench: bench.apply(bench.text(name, *changes))


def scale(replicas: int) -> Move:
    """Scale the set `web` and wait until it is so."""
    return lambda bench: bench.scale(replicas)


def ask_for(replicas: int) -> Move:
    """Scale the set `web` without waiting: the check has to."""

    def run(bench: Bench) -> None:
        bench.cluster.scale("sts", "web", replicas, namespace=bench.namespace)

    return run


def ready(kind: str = "sts", name: str = "web") -> Move:
    """Wait until an object is ready."""
    return lambda bench: bench.ready(kind, name)


def delete(kind: str, *names: str, propagation: str = "Background", wait: bool = True) -> Move:
    """Delete objects, and wait for each until it is gone."""

    def run(bench: Bench) -> None:
        for name in names:
            bench.delete(kind, name, propagation=propagation, wait=wait)

    return run


def replace(*pods: str) -> Move:
    """Delete pods, one after the other, and wait for each successor."""

    def run(bench: Bench) -> None:
        for pod in pods:
            bench.replace(pod)

    return run


def sh(pod: str, script: str) -> Move:
    """Run a shell script in a pod, whatever becomes of it."""

    def run(bench: Bench) -> None:
        bench.sh(pod, script)

    return run
