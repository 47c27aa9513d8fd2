"""All that a checkpoint may look at, as one value: objects, events, recorded history, probe outputs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from kitlib.checks.history import History
from kitlib.client import Change, Diagnosis, diagnose

__all__ = ["Observation", "Probe", "ProbeResult"]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Probe:
    """A command that the observer runs in a pod that is Ready, to see what only the inside shows.

    Args:
        pod: its name, or a pattern such as `web-*`: then the first that is Ready.
        command: without one, what the pod has logged is read instead.
    """

    id: str
    pod: str
    command: tuple[str, ...] = ()
    container: str | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe saw, and in which pod object; `problem` when it could not be run."""

    pod_uid: str
    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """The state of a lab's namespace at one moment, and how it came to be.

    Args:
        objects: by kind, as the API gave them.
        held: for how many seconds each criterion (by id) has been met without a break.
        problem: set when the cluster or the record cannot be relied on; no verdict is possible then.
        seed: of the learner's variant.
        recorded: whether anybody recorded the past; without that, an empty history says nothing.
    """

    namespace: str
    objects: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    events: tuple[Json, ...] = ()
    history: History = field(default_factory=History)
    probes: Mapping[str, ProbeResult] = field(default_factory=dict)
    held: Mapping[str, float] = field(default_factory=dict)
    problem: str = ""
    seed: str = ""
    recorded: bool = True

    def all(self, kind: str) -> tuple[Json, ...]:
        """Return the objects of a kind."""
        return self.objects.get(kind, ())

    def find(self, kind: str, name: str) -> Json | None:
        """Return one object, or None."""
        return next((one for one in self.all(kind) if one["metadata"]["name"] == name), None)

    def owned_pods(self, stateful_set: Json) -> list[Json]:
        """Return the pods that a StatefulSet controls, by ordinal."""
        uid = stateful_set["metadata"]["uid"]
        own = [
            pod
            for pod in self.all("Pod")
            if any(ref["uid"] == uid and ref.get("controller") for ref in pod["metadata"].get("ownerReferences") or [])
        ]
        return sorted(own, key=lambda pod: int(pod["metadata"]["name"].rpartition("-")[2]))

    def diagnosis(self) -> tuple[Diagnosis, ...]:
        """Return what holds up the objects of this moment."""
        return diagnose(
            pods=self.all("Pod"),
            claims=self.all("PersistentVolumeClaim"),
            classes=self.all("StorageClass"),
            sets=self.all("StatefulSet"),
            events=self.events,
        )

    def holding(self, held: Mapping[str, float]) -> Observation:
        """Return the same observation with these holding times."""
        return replace(self, held=dict(held))

    def to_json(self) -> Json:
        """Return it as plain JSON with everything secret or noisy left out: the evidence for a verdict."""
        return {
            "namespace": self.namespace,
            "objects": {kind: [sanitised(one) for one in found] for kind, found in self.objects.items()},
            "events": [sanitised(event) for event in self.events],
            "history": [asdict(change) for change in self.history.changes],
            "probes": {key: asdict(result) for key, result in self.probes.items()},
            "held": dict(self.held),
            "problem": self.problem,
            "seed": self.seed,
            "recorded": self.recorded,
        }

    @staticmethod
    def from_json(saved: Mapping[str, Any]) -> Observation:
        """Read what `to_json` wrote, so that a verdict can be given again without a cluster."""
        return Observation(
            namespace=saved["namespace"],
            objects={kind: tuple(found) for kind, found in saved["objects"].items()},
            events=tuple(saved["events"]),
            history=History(Change(**change) for change in saved["history"]),
            probes={key: ProbeResult(**result) for key, result in saved["probes"].items()},
            held=saved["held"],
            problem=saved["problem"],
            seed=saved["seed"],
            recorded=saved["recorded"],
        )


def sanitised(obj: Mapping[str, Any]) -> Json:
    """Return an object without managed fields, kubectl's copy of it, and the contents of Secrets."""
    clean = dict(obj)
    metadata = dict(obj.get("metadata") or {})
    metadata.pop("managedFields", None)
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop("kubectl.kubernetes.io/last-applied-configuration", None)
    if annotations:
        metadata["annotations"] = annotations
    else:
        metadata.pop("annotations", None)
    clean["metadata"] = metadata
    if clean.get("kind") == "Secret":
        clean.pop("data", None)
        clean.pop("stringData", None)
    return clean


def names(objects: Sequence[Json]) -> set[str]:
    """Return the names of some objects."""
    return {one["metadata"]["name"] for one in objects}
