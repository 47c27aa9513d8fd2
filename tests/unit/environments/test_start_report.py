"""The report of a starting daemon, however it arrives."""

import json
import os

import pytest

from kitlib.environments.start_report import await_ready
from kitlib.errors import EnvironmentProblem


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    with open(writer, "wb", buffering=0) as end:
        yield reader, end
    os.close(reader)


def test_steps_and_the_end_in_one_piece(pipe, tmp_path):
    reader, writer = pipe
    writer.write(b'{"progress": "one"}\n{"progress": "two"}\n{"ready": {"server": "s"}}\n')
    steps = []
    assert await_ready(reader, tmp_path / "log", steps.append, timeout=5) == {"server": "s"}
    assert steps == ["one", "two"]


def test_an_error_with_its_fix(pipe, tmp_path):
    reader, writer = pipe
    writer.write(json.dumps({"error": "no room", "fix": "make some"}).encode() + b"\n")
    with pytest.raises(EnvironmentProblem) as caught:
        await_ready(reader, tmp_path / "log", None, timeout=5)
    assert str(caught.value) == "no room. Fix: make some"


@pytest.mark.parametrize(("log", "said"), [("first\nImportError: no x\n", "ImportError: no x"), (None, "said nothing")])
def test_an_end_without_a_word_shows_the_last_line_of_the_log(pipe, tmp_path, log, said):
    reader, writer = pipe
    writer.write(b'{"progress": "half')
    writer.close()
    if log:
        (tmp_path / "log").write_text(log)
    with pytest.raises(EnvironmentProblem, match=f"ended while starting: .*{said}"):
        await_ready(reader, tmp_path / "log", None, timeout=5)


def test_silence_has_an_end(pipe, tmp_path):
    with pytest.raises(EnvironmentProblem, match="not ready after"):
        await_ready(pipe[0], tmp_path / "log", None, timeout=0.01)
