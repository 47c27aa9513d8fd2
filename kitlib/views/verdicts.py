"""A verdict as a table: what was seen, what was wanted, why it matters, what it is worth."""

from __future__ import annotations

from html import escape

from kitlib.checks import CriterionResult, State, Verdict
from kitlib.views.palette import MARKS, OUTCOMES, box, tag

__all__ = ["verdict_html", "verdict_text"]

_CELL = "text-align:left;vertical-align:top;padding:2px 10px 2px 0;white-space:pre-wrap"


def verdict_text(verdict: Verdict) -> str:
    """Return a verdict as plain text.

    Every criterion says what was observed and wanted; those not met also say why they matter.
    """
    _, mark, words = OUTCOMES[verdict.outcome]
    lines = [f"{mark} {verdict.title}: {words} ({verdict.earned:g} of {verdict.points:g} points)"]
    if not verdict.passed:
        lines.append(f"  {verdict.message}")
    for row in verdict.results if _looked(verdict) else ():
        lines.append(f"  {MARKS[row.state][1]} {row.title} ({row.earned:g}/{row.points:g})")
        lines += [f"      {name}: {value}" for name, value in _details(row)]
    lines += [f"  ! {line}" for line in verdict.diagnosis]
    if verdict.hint:
        lines.append(f"  → {verdict.hint}")
    return "\n".join(lines)


def verdict_html(verdict: Verdict) -> str:
    """Return a verdict as HTML; everything that came from the cluster is escaped."""
    colour, mark, words = OUTCOMES[verdict.outcome]
    points = f"{verdict.earned:g} of {verdict.points:g} points"
    head = tag("b", f"{mark} {escape(verdict.title)}: {words}", f"color:{colour}") + f" · {points}"
    parts = [tag("div", head)]
    if not verdict.passed:
        parts.append(tag("div", escape(verdict.message)))
    if _looked(verdict):
        titles = "".join(tag("th", name, _CELL) for name in ("", "criterion", "observed", "wanted", "points"))
        rows = "".join(_row(row) for row in verdict.results)
        parts.append(tag("table", tag("tr", titles) + rows, "border-collapse:collapse;margin:4px 0"))
    parts += [tag("div", "! " + escape(line), "color:#ef6c00") for line in verdict.diagnosis]
    if verdict.hint:
        parts.append(tag("div", "→ " + tag("code", escape(verdict.hint))))
    return box(colour, "".join(parts))


def _looked(verdict: Verdict) -> bool:
    """Tell whether the criteria were judged at all."""
    return any(row.observed for row in verdict.results)


def _details(row: CriterionResult) -> list[tuple[str, str]]:
    found = [("observed", row.observed), ("wanted", row.wanted)]
    if row.state is not State.MET:
        found.append(("why", row.why))
    return [(name, value) for name, value in found if value]


def _row(row: CriterionResult) -> str:
    colour, mark = MARKS[row.state]
    why = "" if row.state is State.MET else tag("div", escape(row.why), "opacity:.75;font-style:italic")
    cells = (
        tag("span", mark, f"color:{colour};font-weight:bold"),
        escape(row.title) + why,
        escape(row.observed),
        escape(row.wanted),
        f"{row.earned:g}/{row.points:g}",
    )
    return tag("tr", "".join(tag("td", cell, _CELL) for cell in cells))
