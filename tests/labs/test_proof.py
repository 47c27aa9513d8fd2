import pytest

from kitlib.authoring import prove


@pytest.mark.timeout(300)
def test_every_check_passes_fails_and_abstains_where_it_must(files, cluster):
    proven = prove(files, cluster, done=print)
    assert [str(one) for one in proven if one.fault] == []
    checkpoints = [checkpoint.id for checkpoint in files.spec().checkpoints]
    for name in ("reference", "untouched"):
        assert [one.attempt for one in proven if one.attempt.endswith(name)] == [f"{id}: {name}" for id in checkpoints]
