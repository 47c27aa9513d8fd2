"""Daemons that are forked from a loaded one are daemons like others, and end with it."""

from __future__ import annotations

import threading
from pathlib import Path

import psutil
import pytest

from kitlib.embedded.daemon_record import read_record
from kitlib.environments.daemon_start import Nursery
from kitlib.environments.embedded import EmbeddedProvider
from kitlib.errors import EnvironmentProblem


def test_clusters_of_one_nursery(tmp_path: Path) -> None:
    with Nursery() as nursery:
        provider = EmbeddedProvider(tmp_path, start=nursery.start)
        starters = [threading.Thread(target=provider.create, args=(name,)) for name in ("one", "two", "three")]
        for starter in starters:
            starter.start()
        for starter in starters:
            starter.join()
        found = [provider.status(name) for name in ("one", "two", "three")]
        assert [status.state for status in found] == ["running"] * 3
        assert len({status.info.server for status in found if status.info}) == 3
        provider.delete("one")
        assert [provider.status(name).state for name in ("one", "two", "three")] == ["absent", "running", "running"]
        daemons = [psutil.Process(read_record(provider.directory(name))["pid"]) for name in ("two", "three")]
    psutil.wait_procs(daemons, timeout=20)
    assert [provider.status(name).state for name in ("two", "three")] == ["stopped", "stopped"]  # with the nursery


def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    taken = EmbeddedProvider(tmp_path / "a")
    port = int(taken.create("one").server.rpartition(":")[2])
    try:
        with Nursery() as nursery, pytest.raises(EnvironmentProblem, match=f"port {port}"):
            EmbeddedProvider(tmp_path / "b", start=nursery.start).create("two", port=port)
    finally:
        taken.delete("one")
    assert EmbeddedProvider(tmp_path / "b").names() == []
