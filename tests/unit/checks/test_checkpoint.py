import json
from dataclasses import replace

import pytest

from kitlib.checks import Checkpoint, Criterion, Mode, Observation, Outcome, met, pending, unmet
from tests.unit.checks.story import Story


def checkpoint(*findings, attempted=lambda _: True, hold=0.0, mode=Mode.LEVEL):
    criteria = tuple(
        Criterion(f"c{n}", f"criterion {n}", 2, lambda _, found=found: found, "because", mode, hold)
        for n, found in enumerate(findings)
    )
    return Checkpoint("id", "title", criteria, attempted)


HERE = Story().pod("ADDED", "a", "1").observation()


@pytest.mark.parametrize(
    ("findings", "outcome", "earned"),
    [
        ((met("a"), met("b")), Outcome.PASSED, 4),
        ((met("a"), unmet("b")), Outcome.FAILED, 2),
        ((met("a"), pending("b")), Outcome.NOT_YET, 2),
        ((unmet("a"), pending("b")), Outcome.FAILED, 0),
    ],
)
def test_outcomes_and_partial_credit(findings, outcome, earned):
    verdict = checkpoint(*findings).evaluate(HERE)
    assert (verdict.outcome, verdict.earned, verdict.points) == (outcome, earned, 4)


def test_not_attempted_earns_nothing_even_if_criteria_would_be_met():
    verdict = checkpoint(met("a"), attempted=lambda _: False).evaluate(HERE)
    assert (verdict.outcome, verdict.earned) == (Outcome.NOT_ATTEMPTED, 0)


def test_trouble_with_the_cluster_is_not_the_learners():
    verdict = checkpoint(met("a")).evaluate(Observation("lab", problem="no answer"))
    assert verdict.outcome is Outcome.ENV_ERROR and not verdict.outcome.counts


def test_a_history_is_needed_only_by_those_who_ask_for_it():
    assert checkpoint(met("a")).evaluate(Observation("lab")).passed
    assert checkpoint(met("a"), mode=Mode.TRACE).evaluate(Observation("lab")).passed
    unrecorded = Observation("lab", recorded=False)
    assert checkpoint(met("a"), mode=Mode.TRACE).evaluate(unrecorded).outcome is Outcome.ENV_ERROR


def test_a_bug_in_a_check_is_a_check_error():
    def broken(_):
        raise KeyError("spec")

    verdict = Checkpoint("id", "t", (Criterion("c", "c", 1, broken, "w"),), lambda _: True).evaluate(HERE)
    assert verdict.outcome is Outcome.CHECK_ERROR and "KeyError" in verdict.message


def test_a_level_must_hold():
    held = checkpoint(met("Ready"), hold=2.0)
    assert held.evaluate(HERE.holding({"c0": 1.9})).outcome is Outcome.NOT_YET
    assert held.evaluate(HERE.holding({"c0": 2.0})).passed


def test_what_is_stuck_has_failed_and_is_diagnosed():
    claim = {"metadata": {"name": "www"}, "spec": {"storageClassName": "fast"}, "status": {"phase": "Pending"}}
    stuck = replace(HERE, objects={"PersistentVolumeClaim": (claim,)})
    verdict = checkpoint(pending("waiting")).evaluate(stuck)
    assert verdict.outcome is Outcome.FAILED and verdict.stuck and "fast" in verdict.diagnosis[0]


def test_evidence_is_enough_to_judge_again():
    pod = {"kind": "Pod", "metadata": {"name": "a", "managedFields": [1], "uid": "1"}}
    observation = Story().pod("ADDED", "a", "1", ip="10.0.0.1").observation(Pod=[pod]).holding({"c0": 1.0})
    saved = json.loads(json.dumps(observation.to_json()))
    again = Observation.from_json(saved)
    assert "managedFields" not in json.dumps(saved)
    assert again.history.changes == observation.history.changes and again.held == {"c0": 1.0}
    one = checkpoint(met("a"), hold=0.5, mode=Mode.TRACE)
    assert one.evaluate(again) == one.evaluate(observation)


def test_secrets_do_not_leave_the_cluster():
    secret = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"password": "aHVudGVyMg=="}}
    assert "aHVudGVyMg" not in json.dumps(Observation("lab", objects={"Secret": (secret,)}).to_json())
