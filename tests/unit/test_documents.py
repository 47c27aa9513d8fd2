"""docs/behaviour.md names modules and tests that exist, and the scenarios that are there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.behaviour.scenarios import PAGE, page_with_scenarios

ROOT = Path(__file__).parents[2]
WHERE, TESTS = ROOT / "kitlib" / "embedded", ROOT / "tests"


def test_every_path_in_the_table_of_behaviour_exists() -> None:
    rows = [line.split(" | ") for line in PAGE.read_text().partition("## Scenarios")[0].splitlines() if "`" in line]
    rows = [cells for cells in rows if len(cells) == 3]
    assert len(rows) > 40
    for _, where, tests in rows:
        for column, root in ((where, WHERE), (tests, TESTS)):
            names = re.findall("`([^`]+)`", column)
            assert names, (where, tests)
            assert [name for name in names if not (root / name).is_file()] == []


def test_the_scenarios_are_those_of_the_tests() -> None:
    written = PAGE.read_text()
    assert page_with_scenarios(written) == written, "python -m tests.behaviour.scenarios"
