import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from pytest import approx

from kitlib.checks import CriterionResult, Outcome, State, Verdict
from kitlib.lab.notes import Note, Record, ScoreRow, Scores
from kitlib.views import note_html, picture, picture_svg, scores_text, story, verdict_html, verdict_text
from kitlib.views.folding import Fold, fold, place, unplace
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


def test_the_words_of_marks_stand_beside_or_above_each_other():
    told = Story().add("ADDED", "StatefulSet", "web", "s", replicas=1).pod("ADDED", "web-0", "p")
    for count in (*range(2, 6), 50):
        told.add("MODIFIED", "StatefulSet", "web", "s", replicas=count)
    changes = [*told.changes[:-1], replace(told.changes[-1], time=told.changes[-1].time + 100)]
    drawn = ElementTree.fromstring(picture_svg(picture(Record(tuple(changes)))))
    words = [one for one in drawn.iter() if "→" in (one.text or "") or "replica" in (one.text or "")]
    assert len(words) == 6
    places = sorted((float(one.attrib["y"]), float(one.attrib["x"]), len(one.text or "")) for one in words)
    for (y, x, letters), (next_y, next_x, _) in pairwise(places):
        assert next_y > y or next_x > x + 5 * letters
    assert places[-1][0] < min(float(one.attrib["y"]) for one in drawn.iter() if one.tag.endswith("rect"))
    assert min(y for y, _, _ in places) == next(y for y, x, _ in places if x == max(x for _, x, _ in places))


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


def test_what_happened_first_is_never_drawn_later():
    changes = Story().claim("ADDED", "www-web-0", "c").pod("ADDED", "web-0", "p").changes
    late = [replace(changes[0], time=1.9), replace(changes[1], time=1.8)]
    drawn = picture(Record(tuple(late)))
    born = {lane.name: lane.bars[0].start for lane in drawn.lanes}
    assert born["www-web-0"] <= born["web-0"]


def test_marks_tell_what_a_strategy_holds_back():
    story = Story().add("ADDED", "StatefulSet", "web", "s", replicas=2, images=["a"], strategy="RollingUpdate")
    for facts in (
        {"images": ["a"], "strategy": "RollingUpdate", "partition": 2},
        {"images": ["b"], "strategy": "RollingUpdate", "partition": 1},
        {"images": ["b"], "strategy": "OnDelete"},
    ):
        story.add("MODIFIED", "StatefulSet", "web", "s", replicas=2, **facts)
    marks = [mark.text for mark in picture(Record(story.changes)).marks]
    assert marks == ["web: 2 replicas", "partition 2", "web: b, partition 1", "OnDelete"]


def herds():
    return (
        Story()
        .add("ADDED", "Deployment", "cattle", "d", replicas=2)
        .add("ADDED", "ReplicaSet", "cattle-1", "r", replicas=2, owner="d")
        .pod("ADDED", "cattle-1-z", "c1", owner="r", owner_name="cattle-1")
        .pod("ADDED", "cattle-1-b", "c2", owner="r", owner_name="cattle-1")
        .add("ADDED", "StatefulSet", "pets", "s", replicas=2)
        .pod("ADDED", "pets-1", "p1", owner="s", owner_name="pets")
        .pod("ADDED", "pets-0", "p0", owner="s", owner_name="pets")
        .pod("ADDED", "alone", "a")
    )


def test_the_pods_of_each_workload_stand_together():
    drawn = picture(Record(herds().pod("DELETED", "alone", "a").changes))
    assert [(lane.group, lane.name) for lane in drawn.lanes] == [
        ("Deployment cattle", "cattle-1-z"),  # in the order of birth: a random name says nothing
        ("Deployment cattle", "cattle-1-b"),
        ("StatefulSet pets", "pets-0"),
        ("StatefulSet pets", "pets-1"),
        ("", "alone"),
    ]
    assert [(mark.group, mark.text) for mark in drawn.marks] == [
        ("StatefulSet pets", "pets: 2 replicas"),
        ("Deployment cattle", "cattle: 2 replicas"),
    ]
    svg = picture_svg(drawn)
    ElementTree.fromstring(svg)
    assert "Deployment cattle" in svg and "StatefulSet pets" in svg


def test_one_workload_needs_no_heading_and_its_marks_stay():
    drawn = picture(Record(herds().changes, names="cattle-*"))
    assert [(lane.group, lane.name) for lane in drawn.lanes] == [("", "cattle-1-z"), ("", "cattle-1-b")]
    assert {mark.group for mark in drawn.marks} == {""}


def test_without_replica_sets_the_pods_own_controller_is_named():
    changes = [change for change in herds().changes if change.kind not in ("ReplicaSet", "Deployment")]
    assert {lane.group for lane in picture(Record(changes)).lanes} == {"cattle-1", "StatefulSet pets", ""}


def test_a_wide_name_gets_the_room_it_needs():
    long = "a-deployment-with-a-long-name-6dfbfc65b9-x2k4z"
    width = picture_svg(picture(Record(Story().pod("ADDED", long, "p").pod("MODIFIED", long, "p", ready=True).changes)))
    assert float(width.split('viewBox="0 0 ')[1].split()[0]) > 900 + 6 * (len(long) - 25)


def at(time, change):
    return replace(change, time=float(time))


def test_long_pauses_are_folded_and_said():
    changes = Story().pod("ADDED", "web-0", "a").pod("MODIFIED", "web-0", "a", ready=True).pod("DELETED", "web-0", "a")
    record = Record(tuple(at(time, change) for time, change in zip((0, 1, 601), changes.changes, strict=True)))
    drawn = picture(record)
    assert [(round(one.start), round(one.end)) for one in drawn.folds] == [(1, 601)]
    svg = picture_svg(drawn)
    ElementTree.fromstring(svg)
    assert "10 min" in svg
    pending, ready = (float(part.split('"')[0]) for part in svg.split('width="')[2:4])
    assert ready < 2 * pending, "a pause of ten minutes takes the room of 1.5 s"


def test_folding_can_be_undone():
    folds = fold([0, 1, 30, 31, 100])
    for moment in (0.0, 0.5, 1.0, 12.0, 30.0, 30.5, 70.0, 100.0, 101.0):
        assert unplace(place(moment, folds), folds) == approx(moment)
    assert place(100.0, folds) == approx(1 + 1.5 + 1 + 1.5)
    assert fold([0, 7.9, 15]) == ()


def test_a_picture_begins_shortly_before_its_first_event():
    changes = [at(time, change) for time, change in zip((0, 1, 50, 51), two_lives().changes[2:6], strict=True)]
    drawn = picture(Record(tuple(changes), since=10.0))
    assert [(bar.state, round(bar.start, 1)) for bar in drawn.lanes[0].bars] == [("ready", 0.0), ("terminating", 0.3)]


def test_volumes_and_claims_are_labelled_with_each_other():
    tale = (
        Story()
        .add("ADDED", "PersistentVolume", "disk", "v", phase="Available")
        .claim("ADDED", "data", "c", phase="Pending")
        .add("MODIFIED", "PersistentVolume", "disk", "v", phase="Bound", claim="data")
        .claim("MODIFIED", "data", "c", phase="Bound", volume="disk")
        .claim("DELETED", "data", "c", phase="Bound", volume="disk")
        .add("MODIFIED", "PersistentVolume", "disk", "v", phase="Released", claim="data")
        .add("MODIFIED", "PersistentVolume", "disk", "v", phase="Available")
        .pod("ADDED", "end", "p")
    )
    record = Record(tale.changes, kinds=("PersistentVolume", "PersistentVolumeClaim"))
    volume, claim = picture(record).lanes
    states = [("available", ""), ("bound", "data"), ("released", "data"), ("available", "")]
    assert [(bar.state, bar.label) for bar in volume.bars] == states
    assert [(bar.state, bar.label) for bar in claim.bars] == [("pending", ""), ("bound", "disk")]
    assert "bound, disk" in "\n".join(story(record))


def test_a_new_list_of_addresses_is_a_new_piece_and_says_how_many():
    def listing(tale, type, *addresses):
        return tale.add(type, "EndpointSlice", "web-1", "e", service="web", ready=list(addresses))

    tale = Story().pod("ADDED", "web-0", "p", images=["nginx"]).pod("ADDED", "client", "q", images=["busybox"])
    tale = listing(listing(tale, "ADDED", "10.0.0.2", "10.0.0.1"), "MODIFIED", "10.0.0.1", "10.0.0.2")
    tale = listing(listing(tale, "MODIFIED", "10.0.0.1"), "MODIFIED").pod("ADDED", "end", "r")
    record = Record(tale.changes, kinds=("Pod", "EndpointSlice"))
    [bars] = [lane.bars for lane in picture(record).lanes if lane.kind == "EndpointSlice"]
    two = ("10.0.0.1, 10.0.0.2", "2 ready")
    assert [(bar.state, bar.label) for bar in bars] == [two, ("10.0.0.1", "1 ready"), ("no address", "0 ready")]
    svg = picture_svg(picture(record))
    assert "endpoints web-1<" in svg and "10.0.0.1, 10.0.0.2" in svg
    assert any(line.endswith("10.0.0.1, 10.0.0.2, 2 ready") for line in story(record))


def test_a_long_uid_in_a_name_is_cut():
    name = "pvc-c0f71752-55d2-4a17-936a-49eb14ad9bef"
    tale = Story().add("ADDED", "PersistentVolume", name, "v", phase="Available").pod("ADDED", "end", "p")
    svg = picture_svg(picture(Record(tale.changes, kinds=("PersistentVolume",))))
    assert "volume pvc-c0f71752…<" in svg and name not in svg


def test_a_picture_of_some_pods_leaves_out_the_workloads_of_others():
    told = (
        Story()
        .add("ADDED", "StatefulSet", "web", "s", replicas=1)
        .add("ADDED", "StatefulSet", "db", "d", replicas=1)
        .pod("ADDED", "web-0", "p1", owner="s", owner_name="web")
        .pod("ADDED", "db-0", "p2", owner="d", owner_name="db")
        .add("MODIFIED", "StatefulSet", "db", "d", replicas=5)
    )
    some = Record(told.changes, "t", names="web-*")
    assert not any("db" in line for line in story(some)) and any("set web" in line for line in story(some))
    assert {mark.text for mark in picture(some).marks} == {"web: 1 replica"}
    assert any("5 replicas" in line for line in story(Record(told.changes, "t")))
    volumes = Record(told.changes, "t", names="disk-*", kinds=("PersistentVolume",))
    assert any("set db" in line for line in story(volumes))


def test_the_ticks_past_a_fold_say_when_it_was():
    pod = Story().pod("ADDED", "a", "p").pod("MODIFIED", "a", "p", ready=True)
    drawn = replace(picture(Record(pod.changes)), seconds=130.4, folds=(Fold(2.0, 120.4),))
    ticks = [float(tick) for tick in re.findall(r">([0-9.]+) s</text>", picture_svg(drawn))]
    assert ticks == approx([0.0, 121.9, 126.9])


@pytest.mark.parametrize("seconds", [0.02, 0.3, 0.61, 1.9, 4.1, 45, 700])
def test_the_ticks_of_the_axis_are_distinct_and_at_equal_distances(seconds):
    changes = Story().pod("ADDED", "a", "p").pod("MODIFIED", "a", "p", ready=True).changes
    drawn = replace(picture(Record(changes)), seconds=seconds, folds=())
    ticks = [float(tick) for tick in re.findall(r">([0-9.]+) s</text>", picture_svg(drawn))]
    assert 2 < len(ticks) == len(set(ticks)) and ticks[0] == 0 and ticks[-1] <= seconds
    assert all(tick == approx(n * ticks[1]) for n, tick in enumerate(ticks))
