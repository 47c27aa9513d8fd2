"""Progress on a terminal: one line a step with the time since the start, on stderr."""

from __future__ import annotations

import time

import typer

from kitlib.environments import Progress

__all__ = ["stopwatch"]


def stopwatch(*, quiet: bool = False) -> Progress:
    """Return a progress function that prints steps as they come, or one that prints nothing."""
    started = time.monotonic()

    def show(step: str) -> None:
        if not quiet:
            typer.echo(f"{time.monotonic() - started:6.2f} s  {step}", err=True)

    return show
