import json
from pathlib import Path

import nbformat
import pytest

from kitlib.checks import Checkpoint, Observation, Outcome, Verdict
from kitlib.errors import UsageError
from kitlib.grading import GradeReport
from kitlib.grading.judge import Judge
from kitlib.grading.submission import read_submission
from kitlib.lab import LabSpec

ORDER = ["a", "b", "c"]


def write(path, *ids, lab="x"):
    cells = [
        {"cell_type": "code", "source": [], "metadata": {"kit": {"checkpoint": id}} if id else {}, "outputs": []}
        for id in ids
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": {"kit": {"lab": lab}}, "nbformat": 4, "nbformat_minor": 5}))
    return path


@pytest.mark.parametrize(
    ("ids", "anchors", "missing"),
    [
        (["", "a", "", "b", "c"], {1: "a", 3: "b", 4: "c"}, ()),
        (["a", "c"], {0: "a", 1: "c"}, ("b",)),
        (["c", "a", "b"], {1: "a", 2: "b"}, ("c",)),
        (["a", "a", "b", "c"], {0: "a", 2: "b", 3: "c"}, ()),
        (["nonsense"], {}, ("a", "b", "c")),
        ([], {}, ("a", "b", "c")),
    ],
)
def test_cells_are_found_by_id_in_the_labs_order(tmp_path, ids, anchors, missing):
    found = read_submission(write(tmp_path / "n.ipynb", *ids), order=ORDER)
    assert (found.anchors, found.open) == (anchors, missing)


def test_nbgraders_id_will_do(tmp_path):
    file = write(tmp_path / "n.ipynb", "")
    notebook = json.loads(file.read_text())
    notebook["cells"][0]["metadata"] = {"nbgrader": {"grade": True, "grade_id": "check-a"}}
    file.write_text(json.dumps(notebook))
    assert read_submission(file, order=ORDER).anchors == {0: "a"}


def around(cell):
    return f'{{"cells": [{cell}], "metadata": {{"kit": {{"lab": "x"}}}}, "nbformat": 4}}'


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "not json",
            "[]",
            "5",
            '{"cells": 1}',
            '{"cells": [], "nbformat": 4}',
            "[" * 100_000,
            '{"cells":' * 50_000,
        ),
        *('{"cells": [], "metadata": 3, "nbformat": 4}', '{"cells": [], "metadata": {"kit": {"lab": "x"}}}'),
        *(around("5"), around("null"), around("{}"), around('{"cell_type": "code"}')),
        *(around('{"cell_type": "code", "source": 3}'), around('{"cell_type": "code", "source": ["a", 3]}')),
        *(around('{"cell_type": [], "source": ""}'), around('{"cell_type": "raw", "source": "", "metadata": []}')),
        around('{"cell_type": "code", "source": "\\ud800"}'),
    ],
)
def test_what_is_no_notebook_is_one_clear_line(tmp_path, text):
    (tmp_path / "n.ipynb").write_text(text)
    with pytest.raises(UsageError) as caught:
        read_submission(tmp_path / "n.ipynb")
    assert "\n" not in str(caught.value) and caught.value.fix


def test_what_is_no_file_or_too_large_a_one_is_not_read(tmp_path):
    with (tmp_path / "n.ipynb").open("w") as file:
        file.truncate(1 << 40)
    for path, said in ((tmp_path, "not a file"), (Path("/dev/zero"), "not a file"), (tmp_path / "n.ipynb", "larger")):
        with pytest.raises(UsageError, match=said):
            read_submission(path)


def test_what_runs_holds_nothing_but_the_cells(tmp_path):
    """Whatever else a notebook says, in its metadata and its outputs, cannot break the run."""
    file = write(tmp_path / "n.ipynb", "a", "")
    notebook = json.loads(file.read_text())
    notebook["metadata"] |= {"papermill": 5, "kernelspec": 5, "widgets": []}
    notebook["cells"][0] |= {"outputs": 7, "id": [], "source": ["1\n", "2"], "attachments": 3}
    notebook["cells"][1]["metadata"] = {"kit": "a", "nbgrader": 1, "tags": 5}
    del notebook["cells"][1]["outputs"]
    file.write_text(json.dumps(notebook))
    runnable = read_submission(file, order=ORDER).runnable()
    nbformat.validate(runnable)
    assert [one["source"] for one in runnable["cells"]] == ["1\n2", ""]
    assert [one["metadata"] for one in runnable["cells"]] == [{"kit": {"checkpoint": "a"}}, {}]


def verdict(id, outcome, earned=0.0):
    return Verdict(id, id, outcome, (), 2.0, earned, "")


class Scripted:
    """Answers each look at a checkpoint with the next outcome on its list."""

    def __init__(self, **answers):
        self.answers = {id: list(outcomes) for id, outcomes in answers.items()}
        self.looks = []

    def observe(self, checkpoint, *, timeout=None):
        self.looks.append(checkpoint.id)
        outcomes = self.answers[checkpoint.id]
        outcome = outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]
        return verdict(checkpoint.id, outcome, 2.0 if outcome is Outcome.PASSED else 0.0), Observation("lab")


def judge(tmp_path, ids, **answers):
    spec = LabSpec("x", "X", "lab", tuple(Checkpoint(id, id, (), lambda _: True) for id in ORDER))
    return Judge(spec, read_submission(write(tmp_path / "n.ipynb", *ids), order=ORDER), Scripted(**answers))


PASSED, FAILED, NOTHING = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_ATTEMPTED


def outcomes(judgements):
    return {id: found[0].outcome for id, found in judgements.items()}


def test_a_checkpoint_is_judged_once_when_its_cell_is_reached(tmp_path):
    one = judge(tmp_path, ["a", "b", "c"], a=[PASSED, FAILED], b=[FAILED, PASSED], c=[PASSED])
    for index in range(3):
        one.reached(index)
        one.executed()
    assert outcomes(one.finish()) == {"a": PASSED, "b": FAILED, "c": PASSED}
    assert one.observer.looks == ["a", "b", "c"]


def test_a_deleted_cell_is_judged_by_what_is_seen_in_its_turn(tmp_path):
    one = judge(tmp_path, ["", "a", "", "c"], a=[PASSED], b=[NOTHING, PASSED], c=[PASSED])
    for index in range(4):
        one.reached(index)
        one.executed()
    assert outcomes(one.finish())["b"] is PASSED
    assert one.observer.looks == ["a", "b", "b", "c"]


def test_a_deleted_cell_is_decided_when_the_next_one_is_reached(tmp_path):
    one = judge(tmp_path, ["a", "c", ""], a=[PASSED], b=[NOTHING, FAILED, PASSED], c=[PASSED])
    for index in range(3):
        one.reached(index)
        one.executed()
    assert outcomes(one.finish())["b"] is FAILED


def test_what_was_never_reached_is_judged_at_the_end(tmp_path):
    one = judge(tmp_path, ["a", "b", "c"], a=[PASSED], b=[FAILED], c=[NOTHING])
    one.reached(0)
    assert outcomes(one.finish()) == {"a": PASSED, "b": FAILED, "c": NOTHING}


@pytest.mark.parametrize(
    ("found", "stopped", "code"),
    [
        ([PASSED, PASSED], "", 0),
        ([PASSED, FAILED], "", 1),
        ([PASSED, PASSED], "time is up", 1),
        ([FAILED, Outcome.ENV_ERROR], "", 2),
        ([PASSED, Outcome.NOT_YET], "", 2),
    ],
)
def test_exit_codes(found, stopped, code):
    verdicts = tuple(verdict(str(n), outcome, 2.0 if outcome is PASSED else 0.0) for n, outcome in enumerate(found))
    report = GradeReport("x", "n.ipynb", "v", "", verdicts, stopped=stopped)
    assert report.exit_code == code and json.dumps(report.to_json())
