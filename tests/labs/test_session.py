"""A learner's session on a cluster that runs, without and with a shell."""

import subprocess
import sys

import pytest

from kitlib.checks import Outcome, Verdict
from kitlib.errors import LabError
from kitlib.lab import CheckpointNotPassed, Lab
from kitlib.lab.magics import manifest
from kitlib.lab.notes import Note


@pytest.fixture
def said():
    return []


@pytest.fixture
def lab(files, cluster, tmp_path, request, said):
    name = "s-" + request.node.name.replace("_", "-")[5:50].strip("-")
    lab = Lab(files, cluster, namespace=name, state_dir=tmp_path, echo=said.append)
    lab.open()
    yield lab
    lab.close()
    cluster.delete("namespace", name)


def solved(lab, name):
    return (lab.files.solution / "manifests" / f"{name}.yaml").read_text()


def test_mistakes_are_answered_not_raised(lab, capsys):
    assert lab.check("two-replicas").outcome is Outcome.NOT_ATTEMPTED
    assert "use one of" in str(lab.check("two replicas"))
    note = manifest(lab, "", "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n spec: {}\n")
    assert isinstance(note, Note) and note.title.startswith("line 5:") and ">   5 |" in note.text
    assert manifest(lab, "", solved(lab, "service")) is None
    assert capsys.readouterr().out == "service/web created\n"
    verdict = lab.check("headless-service")
    assert isinstance(verdict, Verdict) and verdict.passed and lab.scores().earned == 4


def test_strict_mode_raises(lab):
    lab.strict = True
    with pytest.raises(CheckpointNotPassed, match="headless-service"):
        lab.check("headless-service")
    with pytest.raises(LabError, match="exit code"):
        lab.kubectl("get nonsense")


def test_hints_come_one_by_one_and_solutions_only_when_confirmed(lab):
    hints = lab.spec.checkpoint("scale-up").hints
    assert [lab.hint("scale-up").text for _ in range(4)] == [*hints, hints[-1]]
    assert lab.hint("scale-up", 1).text == hints[0]
    assert "confirm=True" in lab.solution("scale-up").text
    assert "--replicas=3" in lab.solution("scale-up", confirm=True).text


def test_predictions(lab):
    assert "Replace the ?" in lab.predict("start", "?").text
    assert lab.reveal("start").title.startswith("It is b")
    lab.predict("start", "b")
    assert lab.reveal("start").title == "You predicted it."


def test_kubectl_is_real_and_watches_end(lab, said):
    lab.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}")
    assert lab.kubectl("get cm a -o jsonpath={.data.x}") == 0
    assert said[-1] == "1"
    assert lab.kubectl("get cm -w") == 0
    assert said[-1].startswith("(stopped watching")


def test_reset_touches_only_what_the_lab_owns(lab, cluster):
    manifest(lab, "", solved(lab, "service"))
    other = cluster.get("namespace", "default")["metadata"]["uid"]
    before = lab.recorder.file
    note = lab.reset()
    assert note.tone == "good"
    assert cluster.list("svc", namespace=lab.namespace) == [] and lab.recorder.file != before
    assert cluster.get("namespace", "default")["metadata"]["uid"] == other
    assert lab.check("headless-service").outcome is Outcome.NOT_ATTEMPTED


def test_a_namespace_of_somebody_else_is_left_alone(files, cluster, tmp_path):
    with pytest.raises(LabError, match="was not made by the kit"):
        Lab(files, cluster, namespace="default", state_dir=tmp_path).open()


def test_a_stuck_pod_is_diagnosed_in_the_verdict(lab):
    manifest(lab, "", solved(lab, "service"))
    manifest(lab, "", solved(lab, "statefulset").replace("nginx:1.27", "ngnix:1.27"))
    verdict = lab.check("two-replicas")
    assert verdict.outcome is Outcome.FAILED and 0 < verdict.earned < verdict.points
    assert any("cannot get the image 'ngnix:1.27'" in line for line in verdict.diagnosis)


def test_the_first_answer_comes_in_half_a_second(info):
    code = (
        "import time; t = time.perf_counter(); import kitlib; a = time.perf_counter() - t\n"
        f"from kitlib.client import connect; connect({str(info.kubeconfig)!r}).list('ns')\n"
        "import sys; print(a, time.perf_counter() - t, 'nbformat' in sys.modules, 'kubernetes' in sys.modules)"
    )
    runs = []
    for _ in range(3):
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        assert out[2:] == ["False", "False"]
        runs.append((float(out[0]), float(out[1])))
    assert min(one for one, _ in runs) < 0.3 and min(two for _, two in runs) < 0.5
