"""A solution in another student's variant, and the rules of a lab that has variants."""

import shutil

import pytest

from kitlib.authoring.lint import lint
from kitlib.authoring.variants import PROVED_SEEDS, in_variant, seeds
from kitlib.checks import Probe
from kitlib.lab import Course, LabFiles, LabSpec

VARIANTS = {"": {"set": "oak", "size": "64Mi", "tree": "oak-leaf"}, "anna": {"set": "elm", "size": "8Mi", "tree": "a"}}


def spec(**fields):
    return LabSpec(slug="t", title="T", namespace="t", checkpoints=(), **fields)


def test_values_are_replaced_where_they_are_words():
    varied = spec(values=VARIANTS.__getitem__)
    assert in_variant("name: oak, data-oak-0, oaks, soak, 64Mi, 164Mi", varied, "anna") == (
        "name: elm, data-elm-0, oaks, soak, 8Mi, 164Mi"
    )
    assert in_variant("oak-leaf oak", varied, "anna") == "a elm"
    assert in_variant("oak", varied, "") == "oak" == in_variant("oak", spec(), "anna")


def test_a_lab_is_proved_in_several_variants_if_it_has_any():
    assert seeds(spec()) == ("",)
    assert seeds(spec(values=VARIANTS.__getitem__)) == ("", *PROVED_SEEDS)


def test_the_capstones_variants_differ_and_stay_as_they_are():
    values = Course.here().lab("10").spec().values
    variants = [tuple(values(seed).items()) for seed in ("", *PROVED_SEEDS, "carla")]
    assert len(set(variants)) == len({dict(one)["set"] for one in variants}) == 4
    assert values("anna") == values("anna") and values("anna")["set"] == "meadow"
    for one in variants:
        assert len({value for _, value in one}) == len(one), "a solution can't be translated if two values are alike"


def test_probes_follow_the_seed():
    checkpoint = Course.here().lab("10").spec().checkpoint("own-pages")
    assert {probe.pod for probe in checkpoint.probes_for("anna")} == {"meadow-0", "meadow-1", "meadow-2"}
    fixed = Course.here().lab("05").spec().checkpoint("pod-replaced")
    assert all(isinstance(probe, Probe) for probe in fixed.probes_for("anna")) and fixed.probes_for("anna")


@pytest.mark.parametrize("text", ["`policy`"])
def test_a_value_that_no_task_refers_to_is_found(text, tmp_path):
    files = Course.here().lab("10")
    shutil.copytree(files.solution, tmp_path / "solutions" / files.slug)
    shutil.copytree(files.folder, tmp_path / "labs" / files.slug)
    copy = LabFiles(files.slug, tmp_path)
    copy.source.write_text(copy.source.read_text().replace(text, "it"))
    assert "the variant has a value 'policy', but no task refers to `policy`" in lint(copy)
