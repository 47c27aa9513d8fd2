"""The only poller: looks at a namespace until a checkpoint settles. Reads the API and runs probes; changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatch
from typing import Any

from kitlib.checks.checkpoint import Checkpoint
from kitlib.checks.history import History
from kitlib.checks.observation import Observation, Probe, ProbeResult
from kitlib.checks.verdict import Outcome, State, Verdict
from kitlib.client import ApiError, Cluster, Timeline, belongs
from kitlib.client.readiness import pod_ready
from kitlib.errors import ClusterError, KitError

__all__ = ["Observer"]

Json = dict[str, Any]
Objects = dict[str, tuple[Json, ...]]

_KINDS = {
    "Pod": "pods",
    "PersistentVolumeClaim": "pvc",
    "PersistentVolume": "pv",
    "StatefulSet": "sts",
    "Service": "svc",
    "StorageClass": "sc",
}
_PAUSE = 0.15
_CATCH_UP_SECONDS = 3.0
_OUTAGE_SECONDS = 5.0
_STUCK_SECONDS = 5.0


class Observer:
    """Observes one namespace.

    Args:
        cluster: with credentials that may read it.
        namespace: what is observed.
        timeline: the record of its past, for edge and trace criteria.
        seed: of the learner's variant.
        kinds: what is looked at beside the kinds that every lab is about.
        volumes: names of PersistentVolumes that count although no claim of the namespace is bound to them.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        *,
        timeline: Timeline | None = None,
        seed: str = "",
        kinds: Iterable[str] = (),
        volumes: Iterable[str] = (),
    ) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.kinds = _KINDS | {kind: kind for kind in kinds}
        self.volumes = frozenset(volumes)
        self.timeline = timeline
        self.seed = seed

    def observe(
        self,
        checkpoint: Checkpoint,
        *,
        timeout: float | None = None,
        progress: Callable[[Verdict], None] | None = None,
    ) -> tuple[Verdict, Observation]:
        """Look until the verdict cannot change by itself any more, or the time is over."""
        started = time.monotonic()
        deadline = started + (checkpoint.timeout if timeout is None else timeout)
        since: dict[str, float] = {}
        while True:
            observation = self.look(checkpoint.probes_for(self.seed))
            moment = time.monotonic()
            since = _held_since(checkpoint, observation, since, moment)
            observation = observation.holding({key: moment - begun for key, begun in since.items()})
            verdict = replace(checkpoint.evaluate(observation), seconds=round(moment - started, 3))
            if progress is not None:
                progress(verdict)
            # An outage gets a few seconds of its own: the server may just be restarting.
            end = min(deadline, started + _OUTAGE_SECONDS) if verdict.outcome is Outcome.ENV_ERROR else deadline
            if _settled(verdict) or moment >= end:
                return verdict, observation
            time.sleep(_PAUSE)

    def look(self, probes: tuple[Probe, ...] = ()) -> Observation:
        """Take one observation; what goes wrong on the way becomes its `problem`."""
        try:
            objects, versions, events = self._read()
            history = self._history(objects, versions)
            results = {probe.id: self._probe(probe, objects["Pod"]) for probe in probes}
        except KitError as error:
            return Observation(self.namespace, problem=str(error), seed=self.seed)
        return Observation(
            self.namespace,
            objects=objects,
            events=events,
            history=history,
            probes=results,
            seed=self.seed,
            recorded=self.timeline is not None,
        )

    def _read(self) -> tuple[Objects, dict[str, str], tuple[Json, ...]]:
        objects: Objects = {}
        versions: dict[str, str] = {}
        for kind, name in self.kinds.items():
            found, versions[kind] = self.cluster.listing(name, namespace=self.namespace)
            objects[kind] = tuple(one for one in found if belongs(one, self.namespace, volumes=self.volumes))
        return objects, versions, tuple(self.cluster.list("events", namespace=self.namespace))

    def _history(self, objects: Objects, versions: Mapping[str, str]) -> History:
        """Return the record once it has caught up with what was just listed: watches lag by milliseconds."""
        if self.timeline is None:
            return History()
        deadline = time.monotonic() + _CATCH_UP_SECONDS
        behind = list(objects)
        while behind and time.monotonic() < deadline:
            behind = [kind for kind in behind if not self.timeline.caught_up(kind, objects[kind], versions[kind])]
            if behind:
                time.sleep(0.02)
        if behind and self.timeline.problem:
            raise ClusterError(f"the timeline has stopped: {self.timeline.problem}", fix="open the lab again")
        return History(self.timeline.changes())

    def _probe(self, probe: Probe, pods: tuple[Json, ...]) -> ProbeResult:
        pod = next((one for one in pods if fnmatch(one["metadata"]["name"], probe.pod) and pod_ready(one)), None)
        if pod is None:
            return ProbeResult("", problem=f"{probe.pod} is not Ready")
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        try:
            if not probe.command:
                return ProbeResult(uid, self.cluster.logs(name, container=probe.container, namespace=self.namespace))
            done = self.cluster.exec(name, probe.command, container=probe.container, namespace=self.namespace)
        except ApiError as error:  # The pod may have gone between the list and the exec.
            return ProbeResult(uid, problem=error.message)
        return ProbeResult(uid, done.stdout, done.stderr, done.exit_code)


def _held_since(
    checkpoint: Checkpoint, observation: Observation, before: Mapping[str, float], moment: float
) -> dict[str, float]:
    """Return since when each criterion has been met without a break."""
    held = {}
    for criterion in checkpoint.criteria:
        try:
            is_met = not observation.problem and criterion.test(observation).state is State.MET
        except Exception:  # `evaluate` reports it as a check error.
            is_met = False
        if is_met:
            held[criterion.id] = before.get(criterion.id, moment)
    return held


def _settled(verdict: Verdict) -> bool:
    """Tell whether waiting cannot change the verdict.

    A criterion that is unmet needs the learner; but while others are pending, the picture shown to the learner should
    be the finished one, so the observer goes on. What looks stuck gets a few seconds: a probe's first failure passes.
    """
    if verdict.outcome in (Outcome.ENV_ERROR, Outcome.NOT_YET):
        return False
    if all(result.state is not State.PENDING for result in verdict.results):
        return True
    return verdict.outcome is not Outcome.FAILED or (verdict.stuck and verdict.seconds >= _STUCK_SECONDS)
