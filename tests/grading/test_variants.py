"""A student's variant: what counts is the seed that the grader gives."""

import json

import pytest

from kitlib.authoring.variants import in_variant
from kitlib.grading import grade
from kitlib.lab import Course

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def files():
    return Course.here().lab("10")


def submitted(files, path, seed):
    """The solved notebook as a student with that seed would have written it."""
    notebook = json.loads(files.solved.read_text())
    for cell in notebook["cells"]:
        cell["source"] = in_variant("".join(cell["source"]), files.spec(), seed)
    path.write_text(json.dumps(notebook))
    return path


def test_a_students_own_variant_gets_all_points(files, tmp_path):
    report = grade(submitted(files, tmp_path / "s.ipynb", "anna"), tmp_path / "out", seed="anna")
    print(report)
    assert report.earned == report.points and report.exit_code == 0
    evidence = json.loads((tmp_path / "out/evidence/stateful-set.json").read_text())
    assert evidence["observation"]["namespace"] == "lab-10-anna" and evidence["observation"]["seed"] == "anna"


def test_somebody_elses_variant_gets_none(files, tmp_path):
    report = grade(submitted(files, tmp_path / "s.ipynb", "ben"), tmp_path / "out", seed="anna")
    print(report)
    assert report.earned == 0 and not any(verdict.passed for verdict in report.verdicts)
