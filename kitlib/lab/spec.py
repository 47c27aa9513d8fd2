"""What a lab's author declares in `checkpoints.py`: a `LabSpec` named LAB."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from kitlib.checks import Checkpoint
from kitlib.client import RECORDED
from kitlib.errors import UsageError

__all__ = ["LabSpec", "Prediction"]

_T = TypeVar("_T")
_SEED = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Prediction:
    """A question to answer before running the cells that show the answer.

    Args:
        choices: by letter.
        answer: the letter of the right one.
        explanation: shown once the learner has seen it happen.
    """

    id: str
    question: str
    choices: Mapping[str, str]
    answer: str
    explanation: str


@dataclass(frozen=True, slots=True)
class LabSpec:
    """One lab: its name, its namespace, what is checked and in which order.

    Args:
        minutes: how long a learner needs, for the course map.
        objectives: what a learner can do afterwards, each a phrase that goes on from "You can …".
        kinds: what is observed and recorded beside `RECORDED`, for example `Deployment`.
        cluster_objects: names of the cluster-scoped objects that the learner makes, by kind. They belong to the lab as
            its namespace does: a reset removes them, and each attempt at such a lab gets a cluster of its own.
        nodes: how many nodes the lab's cluster must have.
        node_timeouts: how long a silent node is waited for on a cluster that the kit starts for the lab, as `kit up
            --node-timeouts` takes it; "" for no preference.
        rights: RBAC rules that a graded student needs beside the work in the namespace and on `cluster_objects`.
        values: from a student's seed to the values of the student's variant; "" is the variant of who has no seed.
    """

    slug: str
    title: str
    namespace: str
    checkpoints: tuple[Checkpoint, ...]
    predictions: tuple[Prediction, ...] = ()
    minutes: int = 30
    objectives: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    cluster_objects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nodes: int = 1
    node_timeouts: str = ""
    rights: tuple[Mapping[str, list[str]], ...] = ()
    values: Callable[[str], Mapping[str, str]] = lambda seed: {}

    @property
    def points(self) -> float:
        """Return what the whole lab is worth."""
        return sum(checkpoint.points for checkpoint in self.checkpoints)

    @property
    def recorded(self) -> tuple[str, ...]:
        """Return the kinds that the timeline of this lab follows."""
        return (*RECORDED, *(kind for kind in self.kinds if kind not in RECORDED))

    @property
    def volumes(self) -> tuple[str, ...]:
        """Return the names of the volumes that belong to this lab even before a claim of it is bound to them."""
        return tuple(self.cluster_objects.get("PersistentVolume", ()))

    def checkpoint(self, id: str) -> Checkpoint:
        """Return a checkpoint by id.

        Raises:
            UsageError: the lab has none of that name.
        """
        return self._named("checkpoint", id, {one.id: one for one in self.checkpoints})

    def prediction(self, id: str) -> Prediction:
        """Return a prediction by id.

        Raises:
            UsageError: the lab has none of that name.
        """
        return self._named("prediction", id, {one.id: one for one in self.predictions})

    def for_student(self, seed: str) -> str:
        """Return the namespace of a student's variant; without a seed, the lab's own.

        Raises:
            UsageError: the seed can't be part of a namespace's name.
        """
        if seed and not _SEED.fullmatch(seed):
            raise UsageError(f"seed {seed!r} is not usable", fix="use small letters, digits and dashes, 40 at most")
        return f"{self.namespace}-{seed}" if seed else self.namespace

    def _named(self, what: str, id: str, known: Mapping[str, _T]) -> _T:
        if id not in known:
            raise UsageError(f"{self.slug} has no {what} {id!r}", fix=f"use one of: {', '.join(known)}")
        return known[id]
