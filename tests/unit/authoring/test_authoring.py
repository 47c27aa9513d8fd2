import json
import shutil
from dataclasses import replace

import pytest

from kitlib.authoring import course_pages
from kitlib.authoring.build import build, generate, learner_notebook, manifests, solved_notebook
from kitlib.authoring.lint import asserted_values, lint
from kitlib.authoring.source import SourceCell, read_source, solved_text, stub_text
from kitlib.errors import LabError
from kitlib.lab import Course, LabFiles

SLUG = "05-volume-claim-templates"
MANIFEST = SourceCell(
    "m", "code", "%%manifest a.yaml\nspec:\n  ### BEGIN SOLUTION: fill in\n  x: 1\n  ### END SOLUTION\n  y: 2"
)


@pytest.fixture(scope="module")
def files():
    return Course.here().lab(SLUG)


@pytest.fixture
def copy(files, tmp_path):
    """A copy of the lab that may be spoilt."""
    shutil.copytree(files.solution, tmp_path / "solutions" / SLUG)
    shutil.copytree(files.folder, tmp_path / "labs" / SLUG)
    return LabFiles(SLUG, tmp_path)


def change(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_solutions_become_todos():
    assert stub_text(MANIFEST) == "%%manifest a.yaml\nspec:\n  # TODO: fill in\n  y: 2"
    assert solved_text(MANIFEST) == "%%manifest a.yaml\nspec:\n  x: 1\n  y: 2"
    assert manifests([MANIFEST], solved=True) == {"a.yaml": "spec:\n  x: 1\n  y: 2\n"}


def test_what_is_to_be_repaired_is_broken_in_the_learners_copy_only():
    text = "%%manifest a.yaml\n### BEGIN BROKEN\nknid: Pod\n### REPAIRED\nkind: Pod\n### END BROKEN\nspec: {}"
    cell = SourceCell("m", "code", text)
    assert stub_text(cell) == "%%manifest a.yaml\nknid: Pod\nspec: {}"
    assert solved_text(cell) == "%%manifest a.yaml\nkind: Pod\nspec: {}"


@pytest.mark.parametrize(
    "text", ["### BEGIN BROKEN\nx", "### REPAIRED\nx", "### END BROKEN", "### BEGIN BROKEN\nx\n### END BROKEN\nx"]
)
def test_what_is_to_be_repaired_has_two_forms(text):
    for form in (stub_text, solved_text):
        with pytest.raises(LabError):
            form(SourceCell("a", "code", text))


@pytest.mark.parametrize(
    "text", ["### BEGIN SOLUTION: a\nx", "### END SOLUTION", "### BEGIN SOLUTION\nx\n### END SOLUTION"]
)
def test_markers_need_partners_and_words(text):
    with pytest.raises(LabError):
        stub_text(SourceCell("a", "code", text))


@pytest.mark.parametrize("slug", Course.here().slugs())
def test_the_labs_are_in_order(slug):
    assert lint(Course.here().lab(slug)) == []


def test_the_courses_pages_are_what_its_labs_make():
    for page, text in course_pages(Course.here()).items():
        assert page.read_text() == text, f"{page.name}: run kit author build"


def test_the_learners_notebook_holds_no_solution(files):
    cells = read_source(files.source)
    text = json.dumps(learner_notebook(cells, files.spec()))
    for hidden in ("volumeMounts", "clusterIP: None\\n  selector", "--replicas=3", "BEGIN SOLUTION"):
        assert hidden not in text


def test_notebooks_are_valid_and_carry_ids_and_points(files):
    import nbformat  # noqa: PLC0415 -- two seconds

    for text in (files.notebook, files.solved):
        nbformat.validate(nbformat.read(text, as_version=4))
    checks = [
        c for c in json.loads(files.notebook.read_text())["cells"] if "checkpoint" in c["metadata"].get("kit", {})
    ]
    assert [c["metadata"]["kit"]["checkpoint"] for c in checks] == [c.id for c in files.spec().checkpoints]
    assert sum(c["metadata"]["nbgrader"]["points"] for c in checks) == files.spec().points
    assert all(c["metadata"]["nbgrader"]["locked"] for c in checks)


def test_outputs_are_kept_only_for_unchanged_code(files):
    cells = [SourceCell("a", "code", "1 + 1"), SourceCell("b", "code", "2 + 2")]
    former = {
        "cells": [
            {"id": "a", "source": ["1 + 1"], "outputs": ["x"], "execution_count": 1},
            {"id": "b", "source": ["3"], "outputs": ["y"], "execution_count": 2},
        ]
    }
    built = solved_notebook(cells, files.spec(), former=former)["cells"]
    assert [cell["outputs"] for cell in built] == [["x"], []]


def test_building_twice_changes_nothing(copy):
    build(copy)
    assert build(copy) == [] and set(generate(copy)) >= {copy.notebook, copy.solved}


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("lab.py", "asks for `64Mi` of", "asks for some", "'64Mi'"),
        ("lab.py", "# # Lab 05", "# # Lab five", "run the build"),
        ("lab.py", 'checks="scale-up"', 'checks="scale-down"', "check cells"),
        (
            "checkpoints.py",
            "Do to the set what you did before",
            "kubectl scale statefulset web --replicas=2",
            "gives the solution away",
        ),
        ("attempts/creating.py", 'on="port"', 'on="headless"', "criterion port"),
    ],
)
def test_lint_finds(copy, file, old, new, said):
    change(copy.solution / file, old, new)
    assert any(said in fault for fault in lint(copy)), lint(copy)


def test_lint_finds_outputs_in_the_learners_copy(copy):
    notebook = json.loads(copy.notebook.read_text())
    notebook["cells"][1]["outputs"] = [{"output_type": "stream"}]
    copy.notebook.write_text(json.dumps(notebook))
    assert any("has outputs in cell open" in fault for fault in lint(copy))


def test_cells_need_ids_of_their_own(copy):
    change(copy.source, 'id="up"', 'id="down"')
    with pytest.raises(LabError, match="two cells with the id"):
        read_source(copy.source)


def test_asserted_values_come_from_the_predicates(files):
    assert {"64Mi", "ReadWriteOnce", "2"} <= asserted_values(files.spec().checkpoint("two-replicas"))
    bare = replace(files.spec().checkpoint("two-replicas"), criteria=())
    assert asserted_values(bare) == set()
