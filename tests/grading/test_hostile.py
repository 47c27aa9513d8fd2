"""Notebooks that attack the grader, run as `kit grade` runs them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from kitlib.environments.embedded import EmbeddedProvider
from kitlib.grading import grade, verify
from kitlib.lab import Course

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def files():
    return Course.here().lab("05")


def notebook(*cells):
    made = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for n, source in enumerate(cells)
    ]
    metadata = {"kit": {"lab": "05-volume-claim-templates"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": made}


def printed(out, cell=0):
    outputs = json.loads((out / "executed.ipynb").read_text())["cells"][cell]["outputs"]
    assert [one for one in outputs if one["output_type"] == "error"] == []
    return "".join(text for one in outputs for text in one.get("text", []))


def run(tmp_path, *cells, **options):
    (tmp_path / "s.ipynb").write_text(json.dumps(notebook(*cells)))
    out = tmp_path / "out"
    return grade(tmp_path / "s.ipynb", out, **options), out


LOOK = """
import json, os, sys
from pathlib import Path
found = {"texts": [], "seen": []}
for path in WANTED:
    if os.path.lexists(path):
        found["seen"].append(path)
for root, folders, names in os.walk("/"):
    folders[:] = [one for one in folders if os.path.join(root, one) not in SKIPPED]
    for name in names:
        if name in ("lab.py", "reference.py", "daemon.json", "admin.kubeconfig", "s.ipynb") and "kitlib" not in root:
            found["seen"].append(os.path.join(root, name))
        try:
            text = Path(root, name).read_text()
        except (OSError, ValueError):
            continue
        if "client-key-data" in text and "kitlib" not in root:
            found["texts"].append(os.path.join(root, name))
print(json.dumps(found))
"""


def test_a_kernel_sees_no_credentials_no_solutions_no_timeline_and_no_results(files, tmp_path):
    wanted = [
        *(files.solution, files.solved, files.source, files.solution / "attempts", files.course / "tests"),
        *(tmp_path, tmp_path / "out", tmp_path / "s.ipynb", Path.home() / ".ssh", Path.home() / ".bashrc"),
        *("/etc/shadow", "/root/.bashrc", "/var", "/run", "/home", "/etc/ssl/private"),
    ]
    skipped = ["/proc", "/dev", "/usr", sys.prefix, sys.base_prefix, os.path.realpath(sys.base_prefix)]
    near = (
        "import os\nfrom pathlib import Path\nhome = Path(os.environ['KIT_KUBECONFIG']).parent\n"
        "print(sorted(one.name for one in home.iterdir()), sorted(one.name for one in home.rglob('solutions/*/*')))\n"
        "print([k for k in os.environ if k.startswith('KIT_')])"
    )
    _, out = run(
        tmp_path, LOOK.replace("WANTED", repr([str(p) for p in wanted])).replace("SKIPPED", repr(skipped)), near
    )
    assert json.loads(printed(out)) == {"texts": [], "seen": []}
    names, solutions = printed(out, 1).splitlines()[0].split("] [")
    assert names == "['course', 'home', 'kubeconfig', 'wire', 'work'" and solutions == "'checkpoints.py']"


def test_a_kernel_writes_nowhere_but_in_its_own_folders(files, tmp_path):
    attempt = (
        "import os, kitlib, sys\nfrom pathlib import Path\n"
        "places = [Path(kitlib.__file__), Path(sys.prefix) / 'x', Path(os.environ['KIT_KUBECONFIG']),\n"
        "    *Path(os.environ['KIT_COURSE_DIR']).rglob('checkpoints.py'), Path('/usr/x'), Path('/etc/passwd'),\n"
        f"    Path({str(tmp_path / 'out' / 'verdicts.json')!r})]\n"
        "for place in places:\n"
        "    try: place.open('a').write('x'); print('WROTE', place)\n"
        "    except OSError as error: print(type(error).__name__)\n"
        "for one in ('/proc/sys/kernel/hostname', '/proc/sysrq-trigger'):\n"
        "    try: Path(one).write_text('b'); print('WROTE', one)\n"
        "    except OSError as error: print(type(error).__name__)\n"
        "Path('mine').write_text('a'); Path.home().joinpath('mine').write_text('a'); Path('/tmp/x').write_text('a')\n"
    )
    _, out = run(tmp_path, attempt)
    assert "WROTE" not in printed(out) and printed(out).count("Error\n") == 9
    assert not Path("/tmp/x").exists()


def test_a_kernel_neither_sees_nor_signals_the_grader(files, tmp_path, capfd):
    attempt = (
        "import os, psutil, signal\n"
        "print(sorted(one.pid for one in psutil.process_iter()))\n"
        f"for pid in ({os.getpid()}, {os.getppid()}):\n"
        "    try: os.kill(pid, 9); print('KILLED')\n"
        "    except ProcessLookupError: print('nobody')\n"
        "os.write(1, b'FORGED 50 of 50 points'); os.write(2, b'FORGED')\n"
        "os.kill(-1, signal.SIGUSR1) if os.getpid() == 1 else None"
    )
    _, out = run(tmp_path, attempt)
    lines = printed(out).splitlines()
    assert lines[1:3] == ["nobody", "nobody"] and max(json.loads(lines[0])) < 20
    said = capfd.readouterr()
    assert "FORGED" not in said.out + said.err and "WARNING" not in said.err


def marked(mark):
    return [one for one in psutil.process_iter(["cmdline"]) if mark in " ".join(one.info["cmdline"] or ())]


DAEMON = """
import os, subprocess, sys, time
code = "import os, time; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); time.sleep(300)"
subprocess.Popen([sys.executable, "-c", code, "MARK"]).wait()
time.sleep(1)
print(subprocess.run(["ps", "ax"], capture_output=True, text=True).stdout.count("MARK"))
"""


@pytest.mark.parametrize("end", ["", "import os; os._exit(1)", "while True: pass"])
def test_nothing_a_kernel_started_outlives_the_grade(tmp_path, end):
    mark = f"sleeper-{os.getpid()}-{time.monotonic_ns()}"
    report, out = run(tmp_path, DAEMON.replace("MARK", mark), *filter(None, [end]), cell_timeout=60, timeout=8)
    assert marked(mark) == [] and report.earned == 0
    assert printed(out) == "1\n"


def test_nothing_outlives_a_grader_that_is_killed(tmp_path):
    mark = f"sleeper-{os.getpid()}-{time.monotonic_ns()}"
    (tmp_path / "s.ipynb").write_text(json.dumps(notebook(DAEMON.replace("MARK", mark) + "\ntime.sleep(300)")))
    kit = "from kitlib.cli.main import main; main()"
    command = [sys.executable, "-c", kit, "grade", str(tmp_path / "s.ipynb"), "--out", str(tmp_path / "out")]
    scratch = Path(tempfile.mkdtemp(prefix="kit-killed-"))
    surroundings = {**os.environ, "TMPDIR": str(scratch)}
    grader = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=surroundings)
    try:
        deadline = time.monotonic() + 60
        while not [one for one in marked(mark) if "setsid" in " ".join(one.info["cmdline"])]:
            assert time.monotonic() < deadline and grader.poll() is None
            time.sleep(0.1)
    finally:
        grader.kill()
        grader.wait()
    (state,) = scratch.glob("kit-grade-*/state")
    deadline = time.monotonic() + 20
    while marked(mark) or EmbeddedProvider(state).status("grading").state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    shutil.rmtree(scratch)


def test_the_solved_lab_earns_full_points_in_confinement(files, tmp_path):
    (report,) = verify(tmp_path / "out", labs=["05"])
    assert report.earned == report.points and report.exit_code == 0
