"""The log of decisions: what stands, what has ended, and how much is kept."""

from __future__ import annotations

from kitlib.embedded.registry.explanations import Explanations, Reason
from tests.support.clock import ManualClock

WAITS = Reason("pod/web-1", "web-1 is not created: web-0 is not Ready")
CREATED = Reason("pod/web-1", "web-1 is created")


def test_a_decision_stands_until_it_is_no_longer_given() -> None:
    clock = ManualClock()
    explanations = Explanations(clock)
    for _ in range(3):
        explanations.record("sts", "default/web", [WAITS])
        clock.advance(1)
    [first] = explanations.about("default", "pod/web-1")
    assert (first.component, first.text, first.until) == ("sts", WAITS.text, None)
    explanations.record("sts", "default/web", [CREATED])
    first, second = explanations.about("default", "pod/web-1")
    assert first.until == clock.now()
    assert (second.text, second.since, second.until) == (CREATED.text, clock.now(), None)
    explanations.record("sts", "default/web", ())
    assert explanations.about("default", "pod/web-1")[-1].until == clock.now()


def test_components_and_namespaces_do_not_end_each_others_decisions() -> None:
    explanations = Explanations(ManualClock())
    explanations.record("sts", "default/web", [WAITS])
    explanations.record("scheduler", "default/web-1", [CREATED])
    explanations.record("sts", "other/web", ())
    assert [decision.until for decision in explanations.about("default", "pod/web-1")] == [None, None]
    assert explanations.about("other", "pod/web-1") == ()


def test_what_is_about_a_cluster_scoped_object_has_no_namespace() -> None:
    explanations = Explanations(ManualClock())
    explanations.record("binder", "default/www", [Reason("persistentvolume/pv-1", "pv-1 is bound to default/www")])
    assert len(explanations.about("", "persistentvolume/pv-1")) == 1


def test_the_log_is_bounded() -> None:
    explanations = Explanations(ManualClock(), history=3, limit=5)
    for number in range(10):
        explanations.record("sts", "default/web", [Reason("pod/web-0", f"reason {number}")])
    assert [decision.text for decision in explanations.about("default", "pod/web-0")] == [
        "reason 7",
        "reason 8",
        "reason 9",
    ]
    for number in range(10):
        explanations.record("sts", f"default/{number}", [Reason(f"pod/{number}", "created")])
    kept = [number for number in range(10) if explanations.about("default", f"pod/{number}")]
    assert kept == [5, 6, 7, 8, 9]
