"""The probe behind `kit doctor`, on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from kitlib.embedded.kubelet import capabilities
from kitlib.embedded.kubelet.capabilities import probe_host


def test_every_step_passes_where_the_runtime_works() -> None:
    steps = probe_host()
    assert [step for step in steps if not step.ok] == []
    assert steps[-1].name == "containers"


def test_the_first_failure_is_told_verbatim_with_a_fix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(capabilities, "holder_command", lambda *, user_namespace: [str(refusing)])
    failed = probe_host()[-1]
    assert (failed.name, failed.ok) == ("namespaces", False)
    assert failed.detail == "unshare: unshare failed: Operation not permitted"
    assert "user namespaces" in failed.fix


def test_nothing_is_tried_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    steps = probe_host()
    assert [(step.name, step.ok) for step in steps] == [("programs", False)]
    assert steps[0].fix == "install util-linux"
