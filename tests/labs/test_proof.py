import pytest

from kitlib.authoring import prove
from kitlib.lab import Course


@pytest.mark.timeout(400)
@pytest.mark.parametrize("slug", Course.here().slugs()[::-1])  # the longest first: two at a time end together
def test_every_check_passes_fails_and_abstains_where_it_must(slug, cluster):
    files = Course.here().lab(slug)
    proven = prove(files, cluster, done=print)
    assert [str(one) for one in proven if one.fault] == []
    checkpoints = [checkpoint.id for checkpoint in files.spec().checkpoints]
    for name in ("reference", "untouched"):
        assert [one.attempt for one in proven if one.attempt.endswith(name)] == [f"{id}: {name}" for id in checkpoints]
