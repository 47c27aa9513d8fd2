"""Which process is the daemon: that of the record, and no other that has or had its PID."""

import json
import signal
import subprocess

import pytest

from kitlib.embedded.daemon_record import FILE, process_identity, read_record, write_record
from kitlib.environments.daemon_process import DaemonProcess


@pytest.fixture
def process():
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def test_the_process_of_the_record_is_found_until_it_ends(tmp_path, process):
    write_record(tmp_path, process.pid, server="https://127.0.0.1:1")
    with DaemonProcess.find(tmp_path) as found:
        assert DaemonProcess.reach(tmp_path)["server"] == "https://127.0.0.1:1"
        assert not found.wait(0.0)
        found.send(signal.SIGTERM)
        assert found.wait(10.0)  # though nobody has reaped it
        assert DaemonProcess.find(tmp_path) is None and DaemonProcess.reach(tmp_path) == {}
        process.wait()
        found.send(signal.SIGTERM)  # to nobody


def test_a_daemon_that_starts_can_not_be_reached_yet(tmp_path, process):
    write_record(tmp_path, process.pid)
    assert DaemonProcess.reach(tmp_path) == {}
    with DaemonProcess.find(tmp_path) as found:
        assert not found.wait(0.0)


def test_a_later_process_with_the_same_pid_is_not_the_daemon(tmp_path, process):
    write_record(tmp_path, process.pid)
    boot, pid, ticks = process_identity(process.pid).split("/")
    for other in (f"{boot}/{pid}/{int(ticks) - 1}", f"other/{pid}/{ticks}"):
        (tmp_path / FILE).write_text(json.dumps({"pid": process.pid, "process": other}))
        assert DaemonProcess.find(tmp_path) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": null}', '{"pid": "x"}', '{"pid": -1}', '{"pid": 1e30}'])
def test_a_record_that_says_nothing(tmp_path, content):
    assert read_record(tmp_path) == {}
    (tmp_path / FILE).write_text(content)
    assert DaemonProcess.find(tmp_path) is None


def test_identity_of_programs_with_odd_names(tmp_path):
    program = tmp_path / "a) b (c"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "60"]) as process:
        assert process_identity(process.pid).split("/")[2].isdigit()
        process.kill()
