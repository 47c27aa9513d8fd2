"""The glossary: the words that the labs introduce, from the tables `| word | what it is |` in their sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kitlib.authoring.source import SourceCell, read_source
from kitlib.lab import Course

__all__ = ["Entry", "entries", "glossary_page", "introduced"]

_HEADER = "| word | what it is |"
_WORD = re.compile(r"\*\*(.+?)\*\*")
_ASIDE = re.compile(r"(?<!\*)\*([^*]+)\*(?!\*)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a table.

    Args:
        shown: the first column, such as `**PersistentVolume** (PV)`.
        meaning: the second.
        labs: the slugs of the labs that introduce it.
    """

    shown: str
    meaning: str
    labs: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words that the row is about: what is bold in its first column."""
        return tuple(_WORD.findall(self.shown))


def introduced(slug: str, cells: Iterable[SourceCell]) -> Iterator[Entry]:
    """Yield the rows of a lab's tables of words."""
    for cell in cells:
        inside = False
        for line in cell.text.split("\n") if cell.kind == "markdown" else ():
            inside = line == _HEADER or (inside and line.startswith("|"))
            shown, _, meaning = line.strip("| ").partition(" | ")
            if inside and _WORD.search(shown):
                yield Entry(shown, meaning, (slug,))


def entries(course: Course) -> list[Entry]:
    """Return all words in alphabetical order; a word of several labs has the meaning that the first one gives."""
    found: dict[tuple[str, ...], Entry] = {}
    for slug in course.slugs():
        for entry in introduced(slug, read_source(course.lab(slug).source)):
            known = found.setdefault(entry.words, replace(entry, labs=()))
            found[entry.words] = replace(known, labs=(*known.labs, slug))
    return sorted(found.values(), key=lambda entry: entry.words[0].lower())


def glossary_page(course: Course) -> str:
    """Return what `docs/glossary.md` should hold; words that a meaning mentions in italics refer to it."""
    rows: list[tuple[str, str]] = []
    listed = entries(course)
    known = {word for entry in listed for word in entry.words}
    for entry in listed:
        labs = ", ".join(f"[lab {slug[:2]}](../labs/{slug}/lab.ipynb)" for slug in entry.labs)
        rows.append((entry.words[0], f"| {entry.shown} | {entry.meaning} | {labs} |"))
        rows += [
            (word, f"| *{word}* | see **{entry.words[0]}** | {labs} |")
            for word in _ASIDE.findall(entry.meaning)
            if word not in known
        ]
    lines = [row for _, row in sorted(rows, key=lambda row: row[0].lower())]
    return "\n".join(["# Glossary", "", "| word | what it is | shown in |", "|---|---|---|", *lines]) + "\n"
