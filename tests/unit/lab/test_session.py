import pytest

from kitlib.errors import LabError, UsageError
from kitlib.lab import Course
from kitlib.lab.kubectl import split
from kitlib.lab.magics import excerpt, save
from kitlib.lab.progress import Progress


@pytest.fixture
def progress(tmp_path):
    return Progress(tmp_path / "deep" / "progress.jsonl", now=lambda: 1.0)


def test_what_was_passed_stays_passed(progress):
    progress.add("check", id="a", outcome="passed", earned=4)
    progress.add("check", id="a", outcome="failed", earned=2)
    assert progress.best("a") == ("passed", 4)
    assert progress.best("b") == ("not_attempted", 0)


def test_a_reset_begins_anew_and_a_cut_off_line_is_left_out(progress):
    progress.add("hint", id="a")
    progress.add("reset")
    progress.add("hint", id="a")
    with progress.file.open("a") as log:
        log.write('{"event": "hi')
    assert progress.hints_given("a") == 1


def test_kubectl_lines_are_split_as_a_shell_does():
    assert split("exec web-0 -- sh -c 'echo hi > file'")[-1] == "echo hi > file"
    with pytest.raises(UsageError, match="close the quote"):
        split("get 'pods")


def test_an_excerpt_marks_the_line():
    assert excerpt("a\nb\nc\nd", 2) == "    1 | a\n>   2 | b\n    3 | c"
    assert excerpt("a", 0) == ""


def test_manifests_are_saved_below_the_folder_only(tmp_path):
    assert save(tmp_path, "manifests/web.yaml", "a: 1\n") == "manifests/web.yaml"
    assert (tmp_path / "manifests/web.yaml").read_text() == "a: 1\n"
    for name in ("../web.yaml", "/tmp/web.yaml", "web.txt"):
        with pytest.raises(UsageError):
            save(tmp_path, name, "")


def test_a_lab_is_found_by_its_number():
    assert Course.here().lab("05").slug == "05-volume-claim-templates"
    with pytest.raises(UsageError, match="05-volume-claim-templates"):
        Course.here().lab("99")


def test_a_broken_checkpoint_file_is_a_broken_lab(tmp_path):
    folder = tmp_path / "solutions" / "01-x"
    folder.mkdir(parents=True)
    (folder / "checkpoints.py").write_text("1/0")
    with pytest.raises(LabError, match="ZeroDivisionError"):
        Course(tmp_path).lab("01").spec()


def test_unknown_ids_name_the_known_ones():
    spec = Course.here().lab("05").spec()
    with pytest.raises(UsageError, match="two-replicas"):
        spec.checkpoint("nothing")
