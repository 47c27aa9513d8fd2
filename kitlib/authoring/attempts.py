"""Attempts: what learners may do instead of the reference, and the outcome it must get.

A lab's `attempts/` holds `reference.py` with MOVES, the steps of the solved lab by checkpoint, and any number of files
with ATTEMPTS.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib.authoring.variants import in_variant
from kitlib.checks import Outcome
from kitlib.client import Cluster, ExecResult
from kitlib.errors import LabError
from kitlib.lab import LabFiles
from kitlib.lab.course import load_file

__all__ = ["Attempt", "Attempts", "Bench", "Move", "load_attempts", "right", "wrong"]


class Bench:
    """What an attempt works with: one namespace of a cluster, and the reference's steps to get to where it begins."""

    def __init__(
        self, cluster: Cluster, namespace: str, *, attempts: Attempts, files: LabFiles, seed: str = ""
    ) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.seed = seed
        self._spec = files.spec()
        self._moves = attempts.moves
        self._folder = files.solution

    @property
    def values(self) -> Mapping[str, str]:
        """Return the values of the variant in which the attempt is made."""
        return self._spec.values(self.seed)

    def reach(self, checkpoint: str) -> None:
        """Take the reference's steps up to and including those of a checkpoint."""
        for id, move in self._moves.items():
            move(self)
            if id == checkpoint:
                return
        raise LabError(f"the reference has no steps for {checkpoint!r}", fix="add them to attempts/reference.py")

    def text(self, name: str, *changes: tuple[str, str]) -> str:
        """Return a solved manifest with some text replaced, for example `("replicas: 2", "replicas: 1")`.

        Where a lab has variants, it is that of the attempt's seed; what is replaced is named as in the file.
        """
        return in_variant(_changed(self._folder / "manifests" / f"{name}.yaml", changes), self._spec, self.seed)

    def scenario(self, name: str, *changes: tuple[str, str]) -> str:
        """Return a broken set-up with some text replaced."""
        return _changed(self._folder / "scenarios" / f"{name}.yaml", changes)

    def apply(self, text: str) -> None:
        """Apply YAML in the namespace."""
        self.cluster.apply(text, namespace=self.namespace)

    def scale(self, replicas: int) -> None:
        """Scale the set `web` and wait until it is so."""
        self.cluster.scale("sts", "web", replicas, namespace=self.namespace)
        self.ready()

    def ready(self, kind: str = "sts", name: str = "web") -> None:
        """Wait until an object is ready."""
        self.cluster.wait(kind, name, namespace=self.namespace)

    def delete(self, kind: str, name: str, *, propagation: str = "Background", wait: bool = True) -> None:
        """Delete an object and wait until that very object is gone."""
        found = self.cluster.find(kind, name, namespace=self.namespace)
        self.cluster.delete(kind, name, namespace=self.namespace, propagation=propagation)
        if wait and found is not None:
            self.cluster.wait(kind, name, namespace=self.namespace, until=_without(found["metadata"]["uid"]))

    def uid(self, kind: str, name: str) -> str:
        """Return an object's UID."""
        return str(self.cluster.get(kind, name, namespace=self.namespace)["metadata"]["uid"])

    def replace(self, pod: str) -> None:
        """Delete a pod and wait until its successor is Ready."""
        self.delete("pod", pod)
        self.ready("pod", pod)

    def set_image(self, image: str, *, name: str = "web", container: str = "nginx") -> None:
        """Change the image in the template of a StatefulSet, as `kubectl set image` does."""
        containers = [{"name": container, "image": image}]
        patch = {"spec": {"template": {"spec": {"containers": containers}}}}
        self.cluster.patch("sts", name, patch, namespace=self.namespace, form="strategic")

    def rolled_out(self, name: str = "web") -> None:
        """Wait until an update of a StatefulSet has reached every pod that its partition lets it reach."""
        self.cluster.wait("sts", name, namespace=self.namespace, until=_rolled_out)

    def sh(self, pod: str, script: str) -> ExecResult:
        """Run a shell script in a pod."""
        return self.cluster.exec(pod, ["sh", "-c", script], namespace=self.namespace)

    def patch(self, kind: str, name: str, patch: Any) -> None:
        """Patch an object."""
        self.cluster.patch(kind, name, patch, namespace=self.namespace)

    def pause(self, seconds: float) -> None:
        """Let some time pass."""
        time.sleep(seconds)


def _changed(file: Path, changes: Sequence[tuple[str, str]]) -> str:
    text = file.read_text()
    for old, new in changes:
        if old not in text:
            raise LabError(f"{file.name} does not contain {old!r}", fix="correct the attempt")
        text = text.replace(old, new)
    return text


def _without(uid: str) -> Callable[[dict[str, Any] | None], bool]:
    return lambda found: found is None or found["metadata"]["uid"] != uid


def _rolled_out(found: dict[str, Any] | None) -> bool:
    if found is None:
        return False
    spec, status = found["spec"], found["status"]
    held_back = (spec["updateStrategy"].get("rollingUpdate") or {}).get("partition") or 0
    seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    moved = status.get("updatedReplicas", 0) >= spec["replicas"] - held_back
    complete = held_back > 0 or status["currentRevision"] == status["updateRevision"]
    return bool(seen and moved and complete and status.get("readyReplicas") == spec["replicas"])


Move = Callable[[Bench], None]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a checkpoint, and what it must get; `criterion` is the one it must fail on."""

    checkpoint: str
    name: str
    steps: Move
    outcome: Outcome = Outcome.PASSED
    criterion: str = ""

    @property
    def title(self) -> str:
        """Return `checkpoint: name`."""
        return f"{self.checkpoint}: {self.name}"


def right(checkpoint: str, name: str, steps: Move) -> Attempt:
    """Declare another way that is right too."""
    return Attempt(checkpoint, name, steps)


def wrong(checkpoint: str, name: str, steps: Move, *, on: str = "", outcome: Outcome = Outcome.FAILED) -> Attempt:
    """Declare a way that must not pass; `on` names the criterion that it fails on."""
    return Attempt(checkpoint, name, steps, outcome, on)


@dataclass(frozen=True, slots=True)
class Attempts:
    """All attempts of a lab."""

    moves: Mapping[str, Move]
    tried: Sequence[Attempt]


def load_attempts(files: LabFiles) -> Attempts:
    """Load a lab's reference steps and attempts.

    Raises:
        LabError: they are missing or broken.
    """
    folder = files.solution / "attempts"
    reference = load_file(folder / "reference.py", "kit_attempts_reference")
    tried: list[Attempt] = []
    for file in sorted(folder.glob("*.py")):
        if file.name != "reference.py":
            tried += load_file(file, f"kit_attempts_{file.stem}").ATTEMPTS
    return Attempts(reference.MOVES, tuple(tried))
