"""Notes (hints, predictions, errors) and the score table, as HTML and as plain text."""

from __future__ import annotations

from html import escape

from kitlib.lab.notes import Note, Scores
from kitlib.views.palette import OUTCOMES, TONES, box, tag

__all__ = ["note_html", "note_text", "scores_html", "scores_text"]


def note_text(note: Note) -> str:
    """Return a note as plain text."""
    return str(note)


def note_html(note: Note) -> str:
    """Return a note as HTML; text in backquotes becomes code."""
    colour = TONES.get(note.tone, TONES["info"])
    parts = [tag("b", _inline(note.title), f"color:{colour}")]
    if note.text and (note.tone == "code" or " | " in note.text):
        parts.append(tag("pre", escape(note.text), "margin:4px 0"))
    elif note.text:
        parts.append(tag("div", _inline(note.text), "white-space:pre-wrap"))
    return box(colour, "".join(parts))


def scores_text(scores: Scores) -> str:
    """Return the score table as plain text."""
    width = max((len(row.title) for row in scores.rows), default=0)
    lines = [f"{scores.title}: {scores.earned:g} of {scores.points:g} points"]
    for row in scores.rows:
        _, mark, words = OUTCOMES[row.outcome]
        lines.append(f"  {mark} {row.title:<{width}}  {row.earned:4g} of {row.points:4g}  {words}")
    return "\n".join(lines)


def scores_html(scores: Scores) -> str:
    """Return the score table as HTML."""
    cell = "text-align:left;padding:1px 12px 1px 0"
    rows = []
    for row in scores.rows:
        colour, mark, words = OUTCOMES[row.outcome]
        cells = (f"{mark} {words}", escape(row.title), f"{row.earned:g} of {row.points:g}")
        rows.append(
            tag("tr", "".join(tag("td", one, f"{cell};color:{colour}" if one is cells[0] else cell) for one in cells))
        )
    head = tag("b", f"{escape(scores.title)}: {scores.earned:g} of {scores.points:g} points")
    return box(TONES["info"], head + tag("table", "".join(rows)))


def _inline(text: str) -> str:
    """Escape, then mark what stands in backquotes as code."""
    pieces = escape(text).split("`")
    if len(pieces) % 2 == 0:  # An odd backquote is just a backquote.
        return escape(text)
    return "".join(tag("code", piece) if n % 2 else piece for n, piece in enumerate(pieces))
