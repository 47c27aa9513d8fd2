"""An examination: the checks, and nothing that helps."""

from kitlib.lab import Course, Lab


def test_an_examination_has_no_hints_and_no_solutions(cluster, tmp_path):
    files = Course.here().lab("10")
    lab = Lab(files, cluster, namespace="t-exam", state_dir=tmp_path, seed="anna", exam=True)
    lab.open()
    try:
        checkpoint = files.spec().checkpoints[0]
        verdict = lab.check(checkpoint.id)
        assert str(verdict.outcome) == "not_attempted" and verdict.hint == ""
        helpful = [lab.hint(checkpoint.id), lab.hint(checkpoint.id, 3), lab.solution(checkpoint.id, confirm=True)]
        for note in (*helpful, lab.reveal("loss")):
            assert str(note) == "This is an exam: there are no hints and no solutions."
        lab.exam = False
        assert checkpoint.hints[0] in str(lab.hint(checkpoint.id)) and lab.check(checkpoint.id).hint
        assert files.spec().prediction("loss").explanation in str(lab.reveal("loss"))
        assert "clusterIP: None" in str(lab.solution(checkpoint.id, confirm=True))
    finally:
        lab.close()
        cluster.delete("namespace", "t-exam")
