"""Colours, marks and small pieces of HTML that every view shares; they follow JupyterLab's light and dark themes."""

from __future__ import annotations

from html import escape

__all__ = ["MARKS", "OUTCOMES", "TONES", "box", "tag"]

#: Per outcome: colour, mark, words.
OUTCOMES = {
    "passed": ("#2e7d32", "✓", "passed"),
    "failed": ("#c62828", "✗", "not yet right"),
    "not_attempted": ("#757575", "○", "not attempted"),
    "not_yet": ("#ef6c00", "…", "still in progress"),
    "env_error": ("#6a1b9a", "!", "the cluster is in trouble, not you"),
    "check_error": ("#6a1b9a", "!", "the check itself is broken, not you"),
}
#: Per state of a criterion: colour and mark.
MARKS = {"met": ("#2e7d32", "✓"), "unmet": ("#c62828", "✗"), "pending": ("#ef6c00", "…")}
TONES = {"info": "#1565c0", "good": "#2e7d32", "bad": "#c62828", "code": "#455a64"}


def tag(name: str, inner: str, style: str = "") -> str:
    """Return an element around HTML that is already escaped."""
    return f'<{name} style="{escape(style)}">{inner}</{name}>' if style else f"<{name}>{inner}</{name}>"


def box(colour: str, inner: str) -> str:
    """Return a block with a coloured edge."""
    style = f"border-left:4px solid {colour};padding:6px 12px;margin:4px 0;max-width:60em"
    return tag("div", inner, style)
