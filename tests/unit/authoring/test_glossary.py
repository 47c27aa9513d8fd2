import json
import re
from pathlib import Path

import pytest

from kitlib.authoring.glossary import Entry, entries, glossary_page, introduced
from kitlib.authoring.source import SourceCell
from kitlib.lab import Course

ROOT = Course.here().root
GLOSSARY = ROOT / "docs/glossary.md"
TABLE = """# Lab

| word | what it is |
|---|---|
| **ClusterRole**, **ClusterRoleBinding** | rights, and who has them. |
| **PersistentVolume** (PV) | a piece of storage, with a *phase*. |

| other | table |
|---|---|
| **not a word** | of the course |
"""


def words_of(notebook: Path) -> set[str]:
    """Return the bold words of a notebook's tables of words, read on its own."""
    text = "\n".join("".join(cell["source"]) for cell in json.loads(notebook.read_text())["cells"])
    tables = re.findall(r"^\| word \| what it is \|\n((?:\|.*\n?)+)", text, re.M)
    return {word for table in tables for row in table.splitlines() for word in re.findall(r"\*\*(.+?)\*\*", row)}


def test_rows_are_read_from_tables_of_words_only():
    cells = [SourceCell("title", "markdown", TABLE), SourceCell("code", "code", TABLE)]
    assert list(introduced("04-x", cells)) == [
        Entry("**ClusterRole**, **ClusterRoleBinding**", "rights, and who has them.", ("04-x",)),
        Entry("**PersistentVolume** (PV)", "a piece of storage, with a *phase*.", ("04-x",)),
    ]
    assert next(introduced("04-x", cells)).words == ("ClusterRole", "ClusterRoleBinding")


def test_a_word_of_two_labs_is_listed_once_with_both():
    volume = next(entry for entry in entries(Course.here()) if entry.words == ("PersistentVolume",))
    assert {"03-volumes-and-claims", "05-volume-claim-templates"} <= set(volume.labs)


def test_what_a_meaning_mentions_refers_to_it():
    assert "| *ordinal* | see **StatefulSet** |" in glossary_page(Course.here())


@pytest.mark.parametrize("slug", Course.here().slugs())
def test_every_word_of_a_lab_is_in_the_glossary(slug):
    rows = GLOSSARY.read_text().splitlines()
    for word in words_of(ROOT / "labs" / slug / "lab.ipynb"):
        assert any(f"**{word}**" in row.split(" | ")[0] and f"/{slug}/" in row for row in rows), word


def test_there_are_words_to_look_for():
    assert "backlog" in words_of(ROOT / "labs/08-redis-replication/lab.ipynb")


@pytest.mark.parametrize("page", ["README.md", "docs/course.md", "docs/glossary.md"])
def test_links_to_files_lead_somewhere(page):
    file = ROOT / page
    links = re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text())
    assert links
    for link in links:
        assert (file.parent / link).exists(), link


def test_the_glossary_can_be_found():
    assert "(docs/glossary.md)" in (ROOT / "README.md").read_text()
    assert "(glossary.md)" in (ROOT / "docs/course.md").read_text()
