"""Draw a timeline as SVG: a lane per pod and claim, a gap where a new object took over the name."""

from __future__ import annotations

from html import escape

from kitlib.views.lanes import Bar, Lane, Picture, short_kind

__all__ = ["picture_svg"]

_LEFT, _WIDTH, _LANE, _TOP = 130, 700, 26, 54
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


def picture_svg(drawn: Picture) -> str:
    """Return a picture as one SVG element."""
    if not drawn.lanes and not drawn.marks:
        return "<div>Nothing was recorded yet.</div>"
    height = _TOP + _LANE * len(drawn.lanes) + 54
    scale = _WIDTH / drawn.seconds
    parts = [f'<text x="4" y="16" font-weight="bold">{escape(drawn.title)}</text>']
    parts += [_mark(n, mark.time * scale, mark.text, height - 20) for n, mark in enumerate(drawn.marks)]
    parts += [_lane(n, lane, scale) for n, lane in enumerate(drawn.lanes)]
    parts.append(_axis(drawn.seconds, height - 20))
    parts.append(_legend([bar.state for lane in drawn.lanes for bar in lane.bars], height))
    return (
        f'<svg viewBox="0 0 {_LEFT + _WIDTH + 70} {height}" width="100%" style="max-width:900px" '
        'xmlns="http://www.w3.org/2000/svg" role="img" '
        f'font-family="sans-serif" font-size="12" fill="currentColor"><title>{escape(drawn.title)}</title>'
        f"{''.join(parts)}</svg>"
    )


def _lane(number: int, lane: Lane, scale: float) -> str:
    y = _TOP + number * _LANE
    kind = "" if lane.kind == "Pod" else f"{short_kind(lane.kind)} "
    label = f'<text x="{_LEFT - 8}" y="{y + 15}" text-anchor="end">{kind}{escape(lane.name)}</text>'
    return label + "".join(_bar(bar, y, scale) for bar in lane.bars)


def _bar(bar: Bar, y: int, scale: float) -> str:
    x, width = _LEFT + bar.start * scale, max((bar.end - bar.start) * scale, 1.5)
    colour = _COLOURS.get(bar.state, "#78909c")
    title = escape(f"{bar.state}, uid {bar.uid}, {bar.start:.2f} s to {bar.end:.2f} s")
    shape = (
        f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="17" fill="{colour}"><title>{title}</title></rect>'
    )
    if bar.label and width > 7 * len(bar.label):
        shape += f'<text x="{x + 4:.1f}" y="{y + 15}" font-size="10" fill="#fff">{escape(bar.label)}</text>'
    if not bar.fresh:
        return shape
    # A new object: a line marks its birth, so that a successor of the same name does not look like the same one.
    return shape + f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 23}" stroke="currentColor" stroke-width="2"/>'


def _mark(number: int, x: float, text: str, height: int) -> str:
    row = 36 + 12 * (number % 2)  # Neighbours take turns, so that their words do not overlap.
    return (
        f'<line x1="{_LEFT + x:.1f}" x2="{_LEFT + x:.1f}" y1="{row}" y2="{height - 26}" '
        'stroke="currentColor" stroke-dasharray="3 3" opacity=".45"/>'
        f'<text x="{_LEFT + x + 3:.1f}" y="{row + 4}" font-size="10">{escape(text)}</text>'
    )


def _legend(states: list[str], height: int) -> str:
    """Say what the colours mean, for those that occur."""
    parts, x = [], float(_LEFT)
    for state in (known for known in _COLOURS if known in states):
        parts.append(f'<rect x="{x:.0f}" y="{height - 15}" width="11" height="11" fill="{_COLOURS[state]}"/>')
        parts.append(f'<text x="{x + 16:.0f}" y="{height - 5}" font-size="10">{state}</text>')
        x += 34 + 7 * len(state)
    return "".join(parts)


def _axis(seconds: float, height: int) -> str:
    y = height - 22
    line = f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y}" y2="{y}" stroke="currentColor" opacity=".6"/>'
    at = f'y="{y + 14}" text-anchor="middle" font-size="10"'
    ticks = (f'<text x="{_LEFT + _WIDTH * n / 4:.0f}" {at}>{seconds * n / 4:.1f} s</text>' for n in range(5))
    return line + "".join(ticks)
