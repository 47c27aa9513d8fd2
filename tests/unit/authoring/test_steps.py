"""The steps that attempts share: what each does on a bench, and in which order."""

from __future__ import annotations

from typing import Any, cast

import pytest

from kitlib.authoring.attempts import Bench, Move
from kitlib.authoring.steps import after, apply, ask_for, delete, ready, replace, scale, sh, steps


class Paper:
    """Writes down what a bench is asked for."""

    namespace = "lab"

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    @property
    def cluster(self) -> Paper:
        return self

    def __getattr__(self, name: str) -> Any:
        def write(*given: Any, **how: Any) -> str:
            self.asked.append((name, *given, *how.values()))
            return name

        return write


def taken(step: Move) -> list[tuple[Any, ...]]:
    paper = Paper()
    step(cast("Bench", paper))
    return paper.asked


@pytest.mark.parametrize(
    ("step", "asked"),
    [
        (scale(3), [("scale", 3)]),
        (ask_for(3), [("scale", "sts", "web", 3, "lab")]),
        (ready(), [("ready", "sts", "web")]),
        (ready("pod", "web-1"), [("ready", "pod", "web-1")]),
        (apply("set", ("a", "b")), [("text", "set", ("a", "b")), ("apply", "text")]),
        (sh("web-0", "true"), [("sh", "web-0", "true")]),
        (replace("web-1", "web-0"), [("replace", "web-1"), ("replace", "web-0")]),
        (
            delete("pod", "a", "b"),
            [("delete", "pod", "a", "Background", True), ("delete", "pod", "b", "Background", True)],
        ),
        (delete("sts", "web", propagation="Orphan", wait=False), [("delete", "sts", "web", "Orphan", False)]),
        (steps(), []),
        (after("first", sh("a", "x"), steps(sh("a", "y"))), [("reach", "first"), ("sh", "a", "x"), ("sh", "a", "y")]),
    ],
)
def test_what_a_step_asks_for(step: Move, asked: list[tuple[Any, ...]]) -> None:
    assert taken(step) == asked
