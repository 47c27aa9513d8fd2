"""Draw a timeline as SVG: a lane per pod and claim, a stroke where a new object took over the name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from html import escape

from kitlib.views.folding import place, unplace
from kitlib.views.lanes import Bar, Lane, Picture, short_kind

__all__ = ["picture_svg"]

#: Widths and heights in pixels; above every group of lanes there is room for its name and what happened to it.
_LEFT, _WIDTH, _LANE, _TOP, _HEAD, _LETTER = 130, 700, 26, 54, 34, 7.5
#: At most so many times does the distance of two ticks fit into a picture.
_TICKS = 6
#: The words of marks stand in rows above the lanes. There is room for two; for each further one the lanes move down.
_ROW, _ROWS, _SMALL_LETTER = 12, 6, 5.5
_COLOURS = {
    "ready": "#2e7d32",
    "bound": "#1565c0",
    "available": "#00838f",
    "pending": "#f9a825",
    "released": "#6a1b9a",
    "terminating": "#9e9e9e",
    "not ready": "#c62828",
    "failed": "#c62828",
    "lost": "#c62828",
}


#: The UID in the name of a volume that was made for a claim: its beginning tells it from others.
_UID = re.compile(r"([0-9a-f]{8})(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Axis:
    """From seconds to pixels, past the folds."""

    def __init__(self, drawn: Picture, left: int) -> None:
        self._folds = drawn.folds
        self._left = left
        self._shown = place(drawn.seconds, drawn.folds)

    def __call__(self, time: float) -> float:
        return self._left + place(time, self._folds) * _WIDTH / self._shown

    def drawn(self, height: int) -> str:
        """Return the axis with its ticks, and a mark for every fold."""
        y = height - 42
        parts = [_line(self._left, self._left + _WIDTH, y, y, 'opacity=".6"')]
        for one in self._folds:
            x, said = (self(one.start) + self(one.end)) / 2, _duration(one.end - one.start)
            parts.append(_line(x, x, _TOP - 8, y, 'stroke-width="7" stroke-dasharray="1 3" opacity=".35"'))
            parts.append(_small(x, y - 2, f"⋯ {said} ⋯", "middle"))
        step, digits = _step(self._shown)
        digits = max(digits, int(bool(self._folds)))  # Past a fold no tick is at a round number.
        for n in range(int(self._shown / step + 1e-6) + 1):
            time = unplace(step * n, self._folds)
            parts.append(_small(self._left + step * n * _WIDTH / self._shown, y + 14, f"{time:.{digits}f} s", "middle"))
        return "".join(parts)


def _step(seconds: float) -> tuple[float, int]:
    """Return the seconds between two ticks, a number that one can count in, and how many decimals it takes.

    Example:
        >>> _step(2.4), _step(0.3), _step(45.0)
        ((0.5, 1), (0.05, 2), (10.0, 0))
    """
    exponent = math.floor(math.log10(max(seconds, 0.01) / _TICKS))
    step = next(n * 10.0**exponent for n in (1, 2, 5, 10) if seconds <= _TICKS * n * 10.0**exponent)
    return step, max(0, -math.floor(math.log10(step) + 1e-9))


def picture_svg(drawn: Picture) -> str:
    """Return a picture as one SVG element."""
    if not drawn.lanes and not drawn.marks:
        return "<div>Nothing was recorded yet.</div>"
    left = max([_LEFT, *(int(_LETTER * len(_label(lane))) + 16 for lane in drawn.lanes)])
    at = _Axis(drawn, left)
    parts, y = [f'<text x="4" y="16" font-weight="bold">{escape(drawn.title)}</text>'], _TOP - _HEAD
    for group in dict.fromkeys(lane.group for lane in drawn.lanes) if drawn.lanes else ("",):
        lanes = [lane for lane in drawn.lanes if lane.group == group]
        marks = [(at(mark.time), mark.text) for mark in drawn.marks if mark.group == group]
        rows = _rows(marks)
        head = _HEAD + _ROW * max(0, max(rows, default=0) - 1)
        bottom = y + head + _LANE * len(lanes)
        if group:
            parts.append(f'<text x="4" y="{y + 22}" font-weight="bold">{escape(group)}</text>')
        parts += [_mark(row, x, text, y, bottom) for row, (x, text) in zip(rows, marks, strict=True)]
        parts += [_lane(y + head + n * _LANE, lane, left, at) for n, lane in enumerate(lanes)]
        y = bottom
    height = y + 54
    parts.append(at.drawn(height))
    parts.append(_legend([bar.state for lane in drawn.lanes for bar in lane.bars], left, height))
    return (
        f'<svg viewBox="0 0 {left + _WIDTH + 70} {height}" width="100%" style="max-width:900px" '
        'xmlns="http://www.w3.org/2000/svg" role="img" '
        f'font-family="sans-serif" font-size="12" fill="currentColor"><title>{escape(drawn.title)}</title>'
        f"{''.join(parts)}</svg>"
    )


def _label(lane: Lane) -> str:
    name = _UID.sub(r"\1…", lane.name)
    return name if lane.kind == "Pod" else f"{short_kind(lane.kind)} {name}"


def _lane(y: int, lane: Lane, left: int, at: _Axis) -> str:
    label = f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{escape(_label(lane))}</text>'
    return label + "".join(_bar(bar, y, at) for bar in lane.bars)


def _bar(bar: Bar, y: int, at: _Axis) -> str:
    x, width = at(bar.start), max(at(bar.end) - at(bar.start), 1.5)
    colour = _COLOURS.get(bar.state, "#78909c")
    width -= bar.state not in _COLOURS  # States without a colour of their own are told apart by a gap.
    title = escape(f"{bar.state}, uid {bar.uid}, {bar.start:.2f} s to {bar.end:.2f} s")
    shape = (
        f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="17" fill="{colour}"><title>{title}</title></rect>'
    )
    label = _UID.sub(r"\1…", bar.label)
    if label and width > 7 * len(label):
        shape += f'<text x="{x + 4:.1f}" y="{y + 15}" font-size="10" fill="#fff">{escape(label)}</text>'
    if not bar.fresh:
        return shape
    # A new object: a line marks its birth, so that a successor of the same name does not look like the same one.
    return shape + f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 23}" stroke="currentColor" stroke-width="2"/>'


def _rows(marks: Iterable[tuple[float, str]]) -> list[int]:
    """Return for each mark, in the order of time, the first row in which its words do not overlap those before."""
    ends = [0.0] * _ROWS
    rows: list[int] = []
    for x, text in marks:
        row = next((n for n, end in enumerate(ends) if end <= x), len(rows) % _ROWS)
        ends[row] = x + 3 + _SMALL_LETTER * len(text)
        rows.append(row)
    return rows


def _mark(row: int, x: float, text: str, top: int, bottom: int) -> str:
    y = top + 16 + _ROW * row
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{bottom}" '
        'stroke="currentColor" stroke-dasharray="3 3" opacity=".45"/>'
        f'<text x="{x + 3:.1f}" y="{y + 4}" font-size="10">{escape(text)}</text>'
    )


def _legend(states: list[str], left: int, height: int) -> str:
    """Say what the colours mean, for those that occur."""
    parts, x = [], float(left)
    for state in (known for known in _COLOURS if known in states):
        parts.append(f'<rect x="{x:.0f}" y="{height - 15}" width="11" height="11" fill="{_COLOURS[state]}"/>')
        parts.append(f'<text x="{x + 16:.0f}" y="{height - 5}" font-size="10">{state}</text>')
        x += 34 + 7 * len(state)
    return "".join(parts)


def _line(x1: float, x2: float, y1: float, y2: float, look: str) -> str:
    return f'<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}" stroke="currentColor" {look}/>'


def _small(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="10">{escape(text)}</text>'


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
