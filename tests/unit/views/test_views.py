from xml.etree import ElementTree

from kitlib.checks import CriterionResult, Outcome, State, Verdict
from kitlib.lab.notes import Note, Record, ScoreRow, Scores
from kitlib.views import note_html, picture, picture_svg, scores_text, story, verdict_html, verdict_text
from tests.unit.checks.story import Story

EVIL = "<script>alert('x')</script>"


def verdict(outcome=Outcome.FAILED, observed=EVIL):
    rows = (
        CriterionResult("a", "first", State.MET, "as wanted", "this", "because", 1, 1),
        CriterionResult("b", "second", State.UNMET, observed, "that", "it matters", 2, 0),
    )
    return Verdict(
        "id", "Title", outcome, rows, 3, 1, f"second: {observed}", (f"pod {EVIL}: stuck. Fix: it",), "a hint"
    )


def test_both_forms_say_the_same():
    text, html = verdict_text(verdict(observed="nothing")), verdict_html(verdict(observed="nothing"))
    for part in ("Title", "not yet right", "1 of 3 points", "nothing", "that", "it matters", "a hint"):
        assert part in text and part in html


def test_nothing_from_the_cluster_becomes_html():
    assert "<script" not in verdict_html(verdict()) and "&lt;script" in verdict_html(verdict())
    assert "<script" not in note_html(Note(EVIL, EVIL, tone="bad"))


def test_verdicts_are_well_formed():
    ElementTree.fromstring(verdict_html(verdict()))


def test_every_outcome_can_be_shown():
    for outcome in Outcome:
        assert verdict_text(verdict(outcome)) and verdict_html(verdict(outcome))


def test_not_attempted_shows_no_criteria():
    rows = (CriterionResult("a", "first", State.UNMET, "", "", "because", 1, 0),)
    text = verdict_text(Verdict("id", "Title", Outcome.NOT_ATTEMPTED, rows, 1, 0, "nothing yet"))
    assert "first" not in text and "not attempted" in text


def test_backquotes_become_code():
    assert "<code>kubectl get</code>" in note_html(Note("try `kubectl get`"))
    assert "<code>" not in note_html(Note("a lone ` mark"))


def test_scores_add_up():
    rows = (ScoreRow("a", "A", "passed", 2, 2), ScoreRow("b", "B", "failed", 1, 3))
    assert scores_text(Scores("Lab", rows)).startswith("Lab: 3 of 5 points")


def two_lives():
    return (
        Story()
        .add("ADDED", "StatefulSet", "web", "s", replicas=2)
        .claim("ADDED", "www-web-1", "c", phase="Bound")
        .pod("ADDED", "web-1", "p1")
        .pod("MODIFIED", "web-1", "p1", ready=True)
        .pod("MODIFIED", "web-1", "p1", terminating=True)
        .pod("DELETED", "web-1", "p1")
        .pod("ADDED", "web-1", "p2")
        .add("MODIFIED", "StatefulSet", "web", "s", replicas=3)
    )


def test_a_lane_per_name_and_a_birth_per_object():
    drawn = picture(Record(two_lives().changes, "t"))
    lane = next(lane for lane in drawn.lanes if lane.name == "web-1")
    assert [(bar.state, bar.fresh) for bar in lane.bars] == [
        ("pending", True),
        ("ready", False),
        ("terminating", False),
        ("pending", True),
    ]
    assert [mark.text for mark in drawn.marks] == ["web: 2 replicas", "2 → 3"]


def test_the_drawing_is_svg_and_can_be_empty():
    ElementTree.fromstring(picture_svg(picture(Record(two_lives().changes, EVIL))))
    assert "Nothing" in picture_svg(picture(Record(())))


def test_the_story_in_words():
    told = list(story(Record(two_lives().changes)))
    assert sum("gone" in line for line in told) == 1
    assert "(p1)" in told[2] and told[2].endswith("pending")


def test_a_picture_shows_what_is_asked_for():
    changes = two_lives().changes
    [lane] = picture(Record(changes, kinds=("PersistentVolumeClaim",))).lanes
    assert (lane.kind, lane.name) == ("PersistentVolumeClaim", "www-web-1")
    assert picture(Record(changes, names="db-*")).lanes == ()
    gone = next(change.time for change in changes if change.type == "DELETED")
    later = picture(Record(changes, names="web-*", since=gone + 0.001))
    assert [(bar.state, bar.fresh) for lane in later.lanes for bar in lane.bars] == [("pending", True)]
    assert [mark.text for mark in later.marks] == ["2 → 3"]


def test_pods_of_several_images_are_labelled():
    old = Story().pod("ADDED", "web-0", "a", images=["registry/nginx:1"]).pod("DELETED", "web-0", "a")
    story = old.pod("ADDED", "web-0", "b", images=["nginx:2"]).pod(
        "MODIFIED", "web-0", "b", ready=True, images=["nginx:2"]
    )
    [lane] = picture(Record(story.changes)).lanes
    assert [bar.label for bar in lane.bars] == ["nginx:1", "nginx:2", "nginx:2"]
