"""Submissions, honest and forged, graded as `kit grade` does it."""

import copy
import json

import pytest

from kitlib.checks import Observation
from kitlib.grading import grade
from kitlib.lab import Course

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def files():
    return Course.here().lab("05")


@pytest.fixture
def solved(files):
    return json.loads(files.solved.read_text())


def write(path, notebook):
    path.write_text(json.dumps(notebook))
    return path


def cell(notebook, id):
    return next(one for one in notebook["cells"] if one["id"] == id)


def outcomes(report):
    return {verdict.checkpoint: str(verdict.outcome) for verdict in report.verdicts}


def test_damaged_and_forged_cells_of_a_good_solution_change_nothing(solved, files, tmp_path):
    deleted, retyped = cell(solved, "check-scale-up"), cell(solved, "check-claim-reused")
    solved["cells"].remove(deleted)
    retyped["metadata"] = {}
    cell(solved, "check-two-replicas")["source"] = ["print('passed')"]
    cell(solved, "check-scale-down")["source"] = []
    moved = cell(solved, "check-pod-replaced")
    solved["cells"].remove(moved)
    solved["cells"].insert(2, moved)
    solved["cells"].insert(4, {**copy.deepcopy(cell(solved, "up-look")), "id": "boom", "source": ["1/0"]})
    report = grade(write(tmp_path / "s.ipynb", solved), tmp_path / "out")
    print(report)
    assert set(outcomes(report).values()) == {"passed"}
    assert report.earned == report.points == files.spec().points and report.exit_code == 0
    assert json.loads((tmp_path / "out" / "verdicts.json").read_text())["earned"] == report.earned
    assert "ZeroDivisionError" in (tmp_path / "out" / "executed.ipynb").read_text()
    for checkpoint, verdict in zip(files.spec().checkpoints, report.verdicts, strict=True):
        saved = json.loads((tmp_path / "out" / "evidence" / f"{checkpoint.id}.json").read_text())
        again = checkpoint.evaluate(Observation.from_json(saved["observation"]))
        assert (again.outcome, again.earned) == (verdict.outcome, verdict.earned)


def test_forged_verdicts_earn_nothing(files, tmp_path):
    """The untouched lab, with every check replaced by a claim to have passed."""
    notebook = json.loads(files.notebook.read_text())
    for one in notebook["cells"]:
        if "checkpoint" in one["metadata"].get("kit", {}):
            one["source"] = [
                "from kitlib.checks import Checkpoint, Outcome\n",
                "Checkpoint.evaluate = lambda self, observation: Outcome.PASSED\n",
                "print('✓ passed (55 of 55 points)')",
            ]
    report = grade(write(tmp_path / "f.ipynb", notebook), tmp_path / "out")
    assert set(outcomes(report).values()) == {"not_attempted"}
    assert report.earned == 0 and report.exit_code == 1


def test_a_students_kernel_has_the_students_rights_only(files, tmp_path):
    notebook = json.loads(files.notebook.read_text())
    lines = [
        "from pathlib import Path\n",
        "for ns in ('kube-system', 'kit-students'):\n",
        "    try: lab.cluster.list('secrets', namespace=ns); print('READ', ns)\n",
        "    except Exception as error: print(type(error).__name__)\n",
        "try: lab.cluster.delete('namespace', lab.namespace); print('GONE')\n",
        "except Exception as error: print(type(error).__name__)\n",
        "lab.cluster.apply('{apiVersion: v1, kind: ConfigMap, metadata: {name: mine}}', namespace=lab.namespace)\n",
        "print(lab.reset())\n",
        "print([one['metadata']['name'] for one in lab.cluster.list('cm', namespace=lab.namespace)])\n",
    ]
    code = {**copy.deepcopy(cell(notebook, "scores")), "id": "spy", "source": lines}
    notebook["cells"] = [cell(notebook, "open"), code]
    grade(write(tmp_path / "r.ipynb", notebook), tmp_path / "out")
    executed = json.loads((tmp_path / "out" / "executed.ipynb").read_text())
    printed = "".join(text for one in executed["cells"][1]["outputs"] for text in one.get("text", []))
    assert printed.count("ApiError") == 3 and "READ" not in printed and "GONE" not in printed
    assert "emptied" in printed and "['kube-root-ca.crt']" in printed


def test_a_student_who_makes_roles_gives_no_rights_that_he_has_not(tmp_path):
    """A lab about roles needs them to be made; binding one's own account to cluster-admin must not be part of it."""
    files = Course.here().lab("04")
    notebook = json.loads(files.notebook.read_text())
    lines = [
        "def tried(kind, **fields):\n",
        "    body = {'apiVersion': 'rbac.authorization.k8s.io/v1', 'kind': kind, 'metadata': {'name': 'mine'}}\n",
        "    try: lab.cluster.create(body | fields); print('MADE', kind)\n",
        "    except Exception as error: print(type(error).__name__, error)\n",
        "group = 'rbac.authorization.k8s.io'\n",
        "me = {'kind': 'ServiceAccount', 'name': 'student', 'namespace': 'kit-students'}\n",
        "admin = {'apiGroup': group, 'kind': 'ClusterRole', 'name': 'cluster-admin'}\n",
        "tried('ClusterRoleBinding', roleRef=admin, subjects=[me])\n",
        "tried('ClusterRole', rules=[{'apiGroups': [''], 'resources': ['secrets'], 'verbs': ['get']}])\n",
        "tried('ClusterRole', rules=[{'apiGroups': [''], 'resources': ['persistentvolumes'], 'verbs': ['get']}])\n",
    ]
    code = {**copy.deepcopy(cell(notebook, "scores")), "id": "spy", "source": lines}
    notebook["cells"] = [cell(notebook, "open"), code]
    grade(write(tmp_path / "r.ipynb", notebook), tmp_path / "out")
    executed = json.loads((tmp_path / "out" / "executed.ipynb").read_text())
    printed = "".join(text for one in executed["cells"][1]["outputs"] for text in one.get("text", []))
    refused, also_refused, allowed = [line for line in printed.splitlines() if line.startswith(("ApiError", "MADE"))]
    assert "attempting to grant RBAC permissions not currently held" in refused + also_refused
    assert refused.startswith("ApiError") and also_refused.startswith("ApiError") and allowed == "MADE ClusterRole"


def test_a_loop_without_end_costs_its_time_and_no_more(solved, tmp_path):
    kept = solved["cells"][: [one["id"] for one in solved["cells"]].index("set-task")]
    loop = {**copy.deepcopy(cell(solved, "up-look")), "id": "loop"}
    loop["source"] = ["import signal\n", "signal.signal(signal.SIGINT, signal.SIG_IGN)\n", "while True: pass"]
    solved["cells"] = [*kept, loop]
    report = grade(write(tmp_path / "l.ipynb", solved), tmp_path / "out", cell_timeout=2, timeout=8)
    assert "stopped" in report.stopped
    assert outcomes(report)["headless-service"] == "passed" and report.exit_code == 1


def test_a_dead_kernel_keeps_what_was_done(solved, tmp_path):
    kept = solved["cells"][: [one["id"] for one in solved["cells"]].index("set-task")]
    solved["cells"] = [*kept, {**copy.deepcopy(cell(solved, "up-look")), "source": ["import os; os._exit(1)"]}]
    report = grade(write(tmp_path / "d.ipynb", solved), tmp_path / "out")
    assert report.stopped and outcomes(report)["headless-service"] == "passed"
