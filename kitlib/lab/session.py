"""`Lab`: what a notebook holds in its hand. Raises on a learner's mistake only under `KIT_STRICT=1`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kitlib.checks import Observer, Outcome, Verdict
from kitlib.client import Applied, Cluster, Timeline
from kitlib.client.why import why
from kitlib.errors import LabError, UsageError
from kitlib.lab.calls import checked, forgiving, told
from kitlib.lab.course import LabFiles
from kitlib.lab.kubectl import Kubectl, split
from kitlib.lab.notes import LANES, Note, Record, ScoreRow, Scores
from kitlib.lab.progress import Progress
from kitlib.lab.reset import ensure_namespace, give_back_nodes, remove_cluster_objects, remove_namespace
from kitlib.lab.scenarios import break_it

__all__ = ["CheckpointNotPassed", "Lab"]


_EXAM = Note("This is an exam: there are no hints and no solutions.")


class CheckpointNotPassed(LabError):
    """Raised in strict mode only: CI wants a failed checkpoint to fail the cell."""


class Lab:
    """One learner's session in one lab; get it from `open_lab`.

    Example:
        >>> lab = open_lab("05-volume-claim-templates")  # doctest: +SKIP
        >>> lab.check("two-replicas")  # doctest: +SKIP
    """

    def __init__(
        self,
        files: LabFiles,
        cluster: Cluster,
        *,
        namespace: str,
        state_dir: Path,
        strict: bool = False,
        seed: str = "",
        exam: bool = False,
        echo: Callable[[str], None] = print,
    ) -> None:
        self.files = files
        self.spec = files.spec()
        self.cluster = cluster
        self.namespace = namespace
        self.strict = strict
        self.seed = seed
        self.exam = exam
        self.state_dir = state_dir
        self.progress = Progress(state_dir / "progress.jsonl")
        self.recorder = self._new_recorder()
        self.echo = echo
        self._kubectl = Kubectl(cluster.access, namespace, echo=echo)

    def open(self) -> None:
        """Make the namespace if it is not there, and record from now on."""
        ensure_namespace(self.cluster, self.namespace, slug=self.spec.slug)
        self.recorder.start()
        self.progress.add("open", namespace=self.namespace)

    def close(self) -> None:
        """Stop recording; everything on the cluster stays."""
        self.recorder.stop()

    @forgiving
    def check(self, id: str) -> Verdict:
        """Look at the cluster and say how a checkpoint stands."""
        checkpoint = self.spec.checkpoint(id)
        observer = Observer(
            self.cluster,
            self.namespace,
            timeline=self.recorder,
            seed=self.seed,
            kinds=self.spec.kinds,
            volumes=self.spec.volumes,
        )
        verdict, _ = observer.observe(checkpoint)
        self.progress.add("check", id=id, outcome=str(verdict.outcome), earned=verdict.earned)
        if self.strict and not verdict.passed:
            raise CheckpointNotPassed(f"checkpoint {id}: {verdict.message}", fix="; ".join(verdict.diagnosis))
        if verdict.outcome in (Outcome.FAILED, Outcome.NOT_ATTEMPTED) and checkpoint.hints and not self.exam:
            given = self.progress.hints_given(id)
            verdict = replace(verdict, hint=f'lab.hint("{id}") has {_left(len(checkpoint.hints) - given)}')
        return verdict

    @forgiving
    def hint(self, id: str, stage: int | None = None) -> Note:
        """Give the next hint of a checkpoint, or the one of that stage again (1 is the first)."""
        hints = self.spec.checkpoint(id).hints
        if self.exam:
            return _EXAM
        if stage is None:
            stage = min(self.progress.hints_given(id) + 1, len(hints))
            self.progress.add("hint", id=id)
        if not 1 <= stage <= len(hints):
            return Note(f"{id} has {len(hints)} hints", tone="info")
        return Note(f"Hint {stage} of {len(hints)}", hints[stage - 1])

    @forgiving
    def solution(self, id: str, *, confirm: bool = False) -> Note:
        """Show the solution of a checkpoint, once you confirm that you want it."""
        self.spec.checkpoint(id)
        if self.exam:
            return _EXAM
        if not confirm:
            return Note("Sure? Hints come first.", f'lab.solution("{id}", confirm=True) shows the solution.')
        self.progress.add("solution", id=id)
        return Note(f"Solution of {id}", self.files.solution_of(id) or "This checkpoint asks for no code.", tone="code")

    @forgiving
    def predict(self, id: str, choice: str) -> Note:
        """Keep your prediction; nothing is graded, and `lab.reveal` compares it with what happened."""
        prediction = self.spec.prediction(id)
        listed = "\n".join(f"{letter}) {text}" for letter, text in prediction.choices.items())
        choice = choice.strip().strip(").").lower()
        if choice not in prediction.choices:
            return Note(prediction.question, f"{listed}\nReplace the {choice or '?'} by one of these letters.")
        self.progress.add("predict", id=id, choice=choice)
        return Note(f"You predict: {prediction.choices[choice]}", "Run the next cells and see.")

    @forgiving
    def reveal(self, id: str) -> Note:
        """Compare your prediction with what happened; not in an exam, where it may be what is asked."""
        prediction = self.spec.prediction(id)
        if self.exam:
            return _EXAM
        choice = self.progress.prediction(id)
        right = choice == prediction.answer
        title = "You predicted it." if right else f"It is {prediction.answer}: {prediction.choices[prediction.answer]}"
        return Note(title, prediction.explanation, tone="good" if right else "info")

    @forgiving
    def reset(self) -> Note:
        """Delete everything this lab made and begin again; other namespaces are not touched."""
        self.recorder.stop()
        if self.spec.nodes > 1:
            give_back_nodes(self.cluster)
        removed = remove_namespace(self.cluster, self.namespace)
        others = remove_cluster_objects(self.cluster, self.spec.cluster_objects, namespace=self.namespace)
        ensure_namespace(self.cluster, self.namespace, slug=self.spec.slug)
        self.recorder = self._new_recorder()
        self.recorder.start()
        self.progress.add("reset", namespace=self.namespace)
        what = "was emptied of all that you made" if removed else "was made"
        gone = f" Deleted too: {', '.join(others)}." if others else ""
        return Note("The lab is back at its beginning.", f"The namespace {self.namespace} {what}.{gone}", tone="good")

    @forgiving
    def variant(self) -> Note:
        """Show the values of your variant of the lab, which the tasks refer to."""
        values = self.spec.values(self.seed)
        if not values:
            return Note("This lab is the same for everybody.")
        whose = f"The variant of {self.seed}" if self.seed else "The variant without a seed"
        return Note(whose, "\n".join(f"{name}: {value}" for name, value in values.items()), tone="code")

    @forgiving
    def scenario(self, name: str) -> Note:
        """Set something up that is broken, for you to repair; also `kit break NAME` in a terminal."""
        found = break_it(self.files, self.cluster, self.namespace, name)
        self.progress.add("scenario", id=name)
        return Note(found.story, f"Set up: {', '.join(found.objects)}")

    @checked
    def scores(self) -> Scores:
        """Return how the checkpoints stand so far."""
        rows = []
        for checkpoint in self.spec.checkpoints:
            outcome, earned = self.progress.best(checkpoint.id)
            rows.append(ScoreRow(checkpoint.id, checkpoint.title, outcome, earned=earned, points=checkpoint.points))
        return Scores(self.spec.title, tuple(rows))

    @checked
    def timeline(self, names: str = "", *, kinds: tuple[str, ...] = LANES, since: float = 0.0) -> Record:
        """Return a picture of what happened in this lab so far.

        Args:
            names: a pattern such as `web-*`; only these objects get a lane.
            kinds: which objects get lanes, for example `("Pod", "PersistentVolume")`.
            since: leave out what was over before; `lab.now()` gives such a moment.

        Example:
            >>> begun = lab.now()  # doctest: +SKIP
            >>> lab.timeline("redis-*", since=begun)  # doctest: +SKIP
        """
        return Record(
            self.recorder.changes(),
            title=f"What happened in {self.namespace}",
            names=names,
            kinds=tuple(kinds),
            since=since,
        )

    @checked
    def now(self) -> float:
        """Return this moment, for `lab.timeline(since=…)`."""
        return time.time()

    @forgiving
    def why(self, thing: str) -> Note:
        """Say why an object is as it is, or why it is not there, for example `lab.why("pod/web-2")`.

        On the embedded cluster these are the reasons its parts gave; on others, the events.
        """
        kind, _, name = thing.partition("/")
        if not name:
            raise UsageError(f"{thing!r} names no object", fix='write KIND/NAME, for example lab.why("pod/web-2")')
        found = why(self.cluster, kind, name, namespace=self.namespace)
        causes = [cause for cause in found.causes if cause.stands] or list(found.causes[-3:])
        lines = [f"{cause.component}: {cause.text}" for cause in causes] or ["nothing is known about it"]
        title = found.thing if found.exists else f"{found.thing} does not exist"
        return Note(title, "\n".join([*lines, *map(str, found.obstacles)]))

    @checked
    def uid(self, kind: str, name: str) -> str:
        """Return the UID of an object, to compare it with a later one of the same name."""
        found = self.cluster.find(kind, name, namespace=self.namespace)
        if found is None:
            raise UsageError(f"there is no {kind} {name!r} in {self.namespace}", fix=f"look at %kubectl get {kind}")
        return str(found["metadata"]["uid"])

    @told
    def wait(self, kind: str, name: str, *, until: str = "ready", timeout: float = 60.0) -> None:
        """Wait for an object and say what happens; on time-out, say what holds it up.

        Args:
            kind: by any of its names.
            name: of the object.
            until: `ready`, `exists`, `deleted`, `Terminating`, or a phase such as `Released`.
            timeout: in seconds.
        """
        self.cluster.wait(
            kind,
            name,
            until=until,
            namespace=self.namespace,
            timeout=timeout,
            progress=lambda text: self.echo(text + "\n"),
        )

    @checked
    def apply(self, text: str) -> tuple[Applied, ...]:
        """Apply a manifest in the lab's namespace; raises `ManifestError` at the line that is wrong."""
        return self.cluster.apply(text, namespace=self.namespace)

    @checked
    def kubectl(self, line: str) -> int:
        """Run kubectl in the lab's namespace and return its exit code."""
        code = self._kubectl.run(split(line))
        if code and self.strict:
            raise LabError(f"`kubectl {line}` ended with exit code {code}", fix="see its output above")
        return code

    def _new_recorder(self) -> Timeline:
        return Timeline(
            self.cluster,
            self.namespace,
            folder=self.state_dir,
            kinds=self.spec.recorded,
            volumes=self.spec.volumes,
        )

    def __repr__(self) -> str:
        return f"Lab {self.spec.slug} in namespace {self.namespace} on {self.cluster.access.context}"


def _left(count: int) -> str:
    return "no more hints" if count <= 0 else "one more hint" if count == 1 else f"{count} more hints"
