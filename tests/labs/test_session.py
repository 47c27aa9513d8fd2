"""A learner's session on a cluster that runs, without and with a shell."""

import os
import subprocess
import sys

import psutil
import pytest

from kitlib.checks import Outcome, Verdict
from kitlib.errors import KitError, LabError
from kitlib.lab import CheckpointNotPassed, Lab
from kitlib.lab.kubectl import Kubectl
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


SLIPS = [
    (lambda lab: lab.uid("pod", "nope"), "no pod 'nope'"),
    (lambda lab: lab.uid("pod"), "'name'"),
    (lambda lab: lab.uid("pdo", "nope"), "no kind 'pdo'"),
    (lambda lab: lab.wait("pod", "x", until="zz"), "use one of: ready, exists, deleted"),
    (lambda lab: lab.wait("pod", "x", until=3), "until must be a text"),
    (lambda lab: lab.wait("pod", "x", timeout="3"), "timeout must be a number"),
    (lambda lab: lab.apply("kind: x"), "has no apiVersion"),
    (lambda lab: lab.apply(3), "text must be a text"),
    (lambda lab: lab.hint("two-replicas", "x"), "stage must be a whole number"),
    (lambda lab: lab.check(), "'id'"),
    (lambda lab: lab.check(["a"]), "id must be a text"),
    (lambda lab: lab.check("nope"), "use one of"),
    (lambda lab: lab.predict("start", ["b"]), "choice must be a text"),
    (lambda lab: lab.kubectl("get 'x"), "close the quote"),
    (lambda lab: lab.kubectl("edit sts web"), "no terminal"),
    (lambda lab: lab.scores(1), "too many"),
]


def test_a_slip_is_one_line_with_its_fix(lab, said):
    """What gives a value raises (the shell draws it, see below); all else says it and goes on."""
    for slip, expected in SLIPS:
        said.clear()
        try:
            answer = slip(lab)
        except KitError as error:
            answer = error
        text = f"{answer} {''.join(said)}"
        assert expected in text and "Fix:" in text, text
        assert len(text.strip().splitlines()) <= 2


def test_a_slip_raises_in_strict_mode(lab):
    lab.strict = True
    for slip, _ in SLIPS:
        with pytest.raises(KitError):
            slip(lab)


SHELL = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in sys.argv[1:]:
    print("success" if shell.run_cell(cell).success else "ended")
"""


@pytest.mark.parametrize("strict", ["", "1"])
def test_a_shell_shows_no_traceback_of_a_slip(info, tmp_path, strict):
    cells = ["from kitlib import open_lab; open_lab('nope')", "lab = open_lab('05')", "lab.uid('pod', 'nope')", "1/0"]
    variables = {"KIT_KUBECONFIG": str(info.kubeconfig), "KIT_STATE_DIR": str(tmp_path), "KIT_STRICT": strict}
    surroundings = {**os.environ, **variables, "KIT_NAMESPACE": f"shell-{strict}x", "HOME": str(tmp_path)}
    command = [sys.executable, "-c", SHELL, *cells]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings)
    lines = done.stdout.splitlines()
    assert [line for line in lines if line in ("success", "ended")] == ["ended", "success", "ended", "ended"], done
    assert "no lab 'nope'" in done.stdout and "no pod 'nope'" in done.stdout and "ZeroDivisionError" in done.stdout
    assert done.stdout.count("Traceback") == (3 if strict else 1)


def test_an_interrupted_kubectl_leaves_no_zombie(lab):
    def interrupt(_):
        raise KeyboardInterrupt

    lab.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}")
    with pytest.raises(KeyboardInterrupt):
        Kubectl(lab.cluster.access, lab.namespace, echo=interrupt).run(["get", "cm", "-w"])
    mine = psutil.Process().children()
    assert [one for one in mine if one.status() == psutil.STATUS_ZOMBIE and "kubectl" in one.name()] == []


def test_what_kubectl_has_started_ends_with_it(lab, monkeypatch, tmp_path):
    """An editor that waits for keys would hold the cell, and outlive it."""
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 1000\n")
    editor.chmod(0o755)
    monkeypatch.setenv("KUBE_EDITOR", str(editor))
    monkeypatch.setattr("kitlib.lab.kubectl._LIMIT_SECONDS", 3.0)
    said = []
    lab.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}")
    assert Kubectl(lab.cluster.access, lab.namespace, echo=said.append).run(["edit", "cm", "a"]) != 0
    assert "was stopped" in said[-1]
    pid = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_hints_come_one_by_one_and_solutions_only_when_confirmed(lab):
    hints = lab.spec.checkpoint("scale-up").hints
    assert [lab.hint("scale-up").text for _ in range(4)] == [*hints, hints[-1]]
    assert lab.hint("scale-up", 1).text == hints[0]
    assert "confirm=True" in lab.solution("scale-up").text
    assert "--replicas=3" in lab.solution("scale-up", confirm=True).text


def test_predictions(lab):
    assert "Replace the ?" in lab.predict("start", "?").text
    assert "Replace the x" in lab.predict("start", "x").text
    assert lab.reveal("start").title.startswith("It is b")
    lab.predict("start", " B)")
    assert lab.reveal("start").title == "You predicted it."


def test_kubectl_is_real_and_watches_end(lab, said):
    lab.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}")
    assert lab.kubectl("get cm a -o jsonpath={.data.x}") == 0
    assert said[-2:] == ["1", "\n"]  # what a cell shows next begins on a line of its own
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


def test_the_first_answer_needs_nothing_slow(info):
    """What would cost a kernel's start its time is not imported; `make bench` says how long it takes."""
    code = (
        f"from kitlib.client import connect; connect({str(info.kubeconfig)!r}).list('ns')\n"
        "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "kitlib" in loaded
    assert not loaded & {"kubernetes", "nbformat", "papermill", "nbclient", "IPython", "ipywidgets", "aiohttp"}
