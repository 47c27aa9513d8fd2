"""The proof of a lab's checks: the reference passes, the untouched lab abstains, every attempt gets what it must.

All of it runs on one cluster, side by side in namespaces of their own. But attempts at a lab with cluster-scoped
objects, or with several nodes, would meet each other there: each of them gets a cluster of its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kitlib.authoring.attempts import Attempt, Attempts, Bench, load_attempts
from kitlib.authoring.variants import seeds
from kitlib.checks import Checkpoint, Observer, Outcome, Verdict
from kitlib.client import Cluster, Timeline, connect
from kitlib.environments.daemon_start import Nursery, Start
from kitlib.environments.embedded import EmbeddedProvider
from kitlib.errors import KitError
from kitlib.lab import LabFiles, LabSpec
from kitlib.lab.reset import ensure_namespace

__all__ = ["Proven", "prove"]

# An attempt waits more than it computes.
_SIDE_BY_SIDE, _CLUSTERS_AT_ONCE = 10, 6
_PATIENCE_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Proven:
    """What one attempt got; `fault` is empty when that is what it must get."""

    attempt: str
    outcome: str
    fault: str = ""

    def __str__(self) -> str:
        return f"{'✗' if self.fault else '✓'} {self.attempt} → {self.outcome}{': ' + self.fault if self.fault else ''}"


def prove(
    files: LabFiles,
    cluster: Cluster,
    *,
    only: Callable[[Attempt], bool] = lambda _: True,
    done: Callable[[Proven], None] = lambda _: None,
) -> list[Proven]:
    """Prove a lab's checks on a cluster.

    Args:
        files: of the lab.
        cluster: where; namespaces are made on it and thrown away. A lab whose attempts need clusters of their own
            leaves it alone.
        only: picks attempts; the reference and the untouched lab are always proved.
        done: called after each attempt.
    """
    attempts, spec = load_attempts(files), files.spec()
    with tempfile.TemporaryDirectory(prefix="kit-proof-") as folder, Nursery() as nursery:
        workshop = _Workshop(files, spec, attempts, cluster, Path(folder), nursery.start)
        several = seeds(spec)
        tasks: list[Callable[[], list[Proven]]] = []
        for seed in several:
            tasks += [partial(workshop.reference, seed), partial(workshop.untouched, seed)]
        # The slowest first: what has to reach the last checkpoints takes the most steps.
        order = [checkpoint.id for checkpoint in spec.checkpoints]
        tried = sorted(filter(only, attempts.tried), key=lambda one: -order.index(one.checkpoint))
        tasks += [partial(workshop.attempt, one, n, several[n % len(several)]) for n, one in enumerate(tried)]
        results: list[Proven] = []
        with ThreadPoolExecutor(_CLUSTERS_AT_ONCE if workshop.isolated else _SIDE_BY_SIDE) as pool:
            for found in pool.map(lambda task: task(), tasks):
                results += found
                for proven in found:
                    done(proven)
    return results


class _Workshop:
    """Runs attempts, each in a namespace that is thrown away."""

    def __init__(
        self, files: LabFiles, spec: LabSpec, attempts: Attempts, cluster: Cluster, folder: Path, start: Start
    ) -> None:
        self.files = files
        self.spec = spec
        self.attempts = attempts
        self.cluster = cluster
        self.folder = folder
        self.start = start
        self.isolated = bool(spec.cluster_objects) or spec.nodes > 1

    @contextmanager
    def venue(self, name: str) -> Iterator[Cluster]:
        """Give a cluster for one attempt: the common one, or one of its own."""
        if not self.isolated:
            yield self.cluster
            return
        provider = EmbeddedProvider(self.folder, start=self.start)
        try:
            info = provider.create(name, nodes=self.spec.nodes, node_timeouts=self.spec.node_timeouts)
            own = connect(info.kubeconfig, info.context)
            yield own
            own.close()
        finally:
            provider.delete(name)

    @contextmanager
    def place(self, name: str, seed: str) -> Iterator[_Place]:
        """Give one attempt its place, in a student's variant."""
        with self.venue(name) as cluster, _Place(self, cluster, name, seed) as place:
            yield place

    def reference(self, seed: str) -> list[Proven]:
        """Take the reference's steps, and look at every checkpoint where it stands."""
        with self.place(_named("reference", seed), seed) as place:
            return list(self._walk(place))

    def _walk(self, place: _Place) -> Iterator[Proven]:
        for checkpoint in self.spec.checkpoints:
            move = self.attempts.moves[checkpoint.id]
            yield place.judge(Attempt(checkpoint.id, "reference", move), checkpoint)

    def untouched(self, seed: str) -> list[Proven]:
        """Look at every checkpoint of a lab in which nothing was done."""
        with self.place(_named("untouched", seed), seed) as place:
            place.bench.cluster.list("pods", namespace=place.namespace)
            return [
                place.judge(Attempt(c.id, "untouched", lambda _: None, Outcome.NOT_ATTEMPTED), c)
                for c in self.spec.checkpoints
            ]

    def attempt(self, attempt: Attempt, number: int, seed: str) -> list[Proven]:
        """Try one attempt."""
        with self.place(f"attempt-{number}", seed) as place:
            return [place.judge(attempt, self.spec.checkpoint(attempt.checkpoint))]


class _Place:
    """A namespace with its timeline, for one attempt."""

    def __init__(self, workshop: _Workshop, cluster: Cluster, name: str, seed: str) -> None:
        self.cluster = cluster
        self.seed = seed
        self.spec = workshop.spec
        self.namespace = f"{self.spec.namespace}-{name}"
        self.timeline = Timeline(
            cluster,
            self.namespace,
            folder=workshop.folder / "timelines",
            kinds=self.spec.recorded,
            volumes=self.spec.volumes,
        )
        self.bench = Bench(
            self.cluster,
            self.namespace,
            attempts=workshop.attempts,
            files=workshop.files,
            seed=seed,
        )

    def __enter__(self) -> _Place:
        ensure_namespace(self.cluster, self.namespace, slug=self.spec.slug)
        self.timeline.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.timeline.stop()
        self.cluster.delete("namespace", self.namespace)

    def judge(self, attempt: Attempt, checkpoint: Checkpoint) -> Proven:
        """Take the attempt's steps, and compare the verdict with what it must be."""
        try:
            attempt.steps(self.bench)
        except KitError as error:
            return Proven(self._title(attempt), "not run", f"its steps failed: {error}")
        observer = Observer(
            self.cluster,
            self.namespace,
            timeline=self.timeline,
            seed=self.seed,
            kinds=self.spec.kinds,
            volumes=self.spec.volumes,
        )
        verdict, _ = observer.observe(checkpoint, timeout=_PATIENCE_SECONDS)
        return Proven(self._title(attempt), str(verdict.outcome), _fault(attempt, verdict))

    def _title(self, attempt: Attempt) -> str:
        return f"{attempt.title} (variant of {self.seed})" if self.seed else attempt.title


def _named(name: str, seed: str) -> str:
    return f"{name}-{seed}" if seed else name


def _fault(attempt: Attempt, verdict: Verdict) -> str:
    if verdict.outcome is not attempt.outcome:
        return f"it must be {attempt.outcome}; {verdict.message} {_words(verdict.diagnosis)}".strip()
    if attempt.criterion and attempt.criterion not in verdict.unmet():
        return f"it must fail on {attempt.criterion}, but fails on {_words(verdict.unmet())}"
    if attempt.outcome is Outcome.PASSED and verdict.earned != verdict.points:
        return f"it must get all points, but gets {verdict.earned:g} of {verdict.points:g}"
    if attempt.outcome is Outcome.NOT_ATTEMPTED and verdict.earned:
        return f"it must get no points, but gets {verdict.earned:g}"
    return ""


def _words(things: Sequence[str]) -> str:
    return ", ".join(things)
