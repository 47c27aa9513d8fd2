"""The results as a table for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.measurement import Measurement
from benchmarks.published import PUBLISHED

__all__ = ["as_json", "as_text"]

_MARKS = {True: "ok", False: "MISSED", None: ""}


def as_text(results: Sequence[Measurement]) -> str:
    """Return both tables."""
    lines = [_row("", "measured", "range", "aim", "")]
    for result in results:
        spread = f"{_number(min(result.samples))} - {_number(max(result.samples))}" if len(result.samples) > 1 else ""
        aim = "" if result.aim is None else f"{'>=' if result.more_is_better else '<'} {_number(result.aim)}"
        name = result.name if result.statistic == "median" else f"{result.name}, {result.statistic}"
        lines.append(_row(name, f"{_number(result.value)} {result.unit}", spread, aim, _MARKS[result.reached]))
    lines += ["", "Beside what others have published (not measured here, on other machines):"]
    by_name = {result.name: result for result in reversed(results)}
    for other in PUBLISHED:
        if (ours := by_name.get(other.what)) is not None:
            theirs = f"{_number(other.value)} {ours.unit}"
            lines.append(
                f"  {other.what:<45} {other.who:<24} {theirs:>9}   {other.value / ours.value:5.1f} x ours"
                f"   [{other.source}]"
            )
    return "\n".join(lines)


def as_json(results: Sequence[Measurement]) -> dict[str, Any]:
    """Return everything that was measured, and on what."""
    machine = {"system": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count()}
    return {"machine": machine, "results": [asdict(result) | {"reached": result.reached} for result in results]}


def _row(name: str, value: str, spread: str, aim: str, mark: str) -> str:
    return f"{name:<48} {value:>16} {spread:>16} {aim:>8}  {mark}".rstrip()


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
