"""What a notebook shows: pure view models, thin HTML over them, and a plain-text twin of each.

This package is an IPython extension: loading it teaches the shell to draw verdicts, notes, scores and timelines. The
objects themselves know nothing of how they look.
"""

from __future__ import annotations

from typing import Any

from kitlib.checks import Verdict
from kitlib.lab.notes import Note, Record, Scores
from kitlib.views.drawing import picture_svg
from kitlib.views.lanes import picture, story
from kitlib.views.notes import note_html, note_text, scores_html, scores_text
from kitlib.views.verdicts import verdict_html, verdict_text

__all__ = [
    "load_ipython_extension",
    "note_html",
    "note_text",
    "picture",
    "picture_svg",
    "scores_html",
    "scores_text",
    "story",
    "verdict_html",
    "verdict_text",
]


def _record_html(record: Record) -> str:
    return picture_svg(picture(record))


def _record_text(record: Record) -> str:
    return "\n".join([record.title, *story(record)])


_DRAWN = (
    (Verdict, verdict_html, verdict_text),
    (Note, note_html, note_text),
    (Scores, scores_html, scores_text),
    (Record, _record_html, _record_text),
)


def load_ipython_extension(shell: Any) -> None:
    """Teach a shell to draw what a lab returns."""
    formatters = shell.display_formatter.formatters
    for kind, html, text in _DRAWN:
        formatters["text/html"].for_type(kind, html)
        formatters["text/plain"].for_type(kind, _printing(text))


def _printing(text: Any) -> Any:
    """Adapt a function that returns text to IPython's pretty printer."""

    def pretty(value: Any, printer: Any, cycle: bool) -> None:
        printer.text(text(value))

    return pretty
