import pytest

from kitlib.client.documents import documents
from kitlib.client.failures import ManifestError

SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n"


def test_documents_know_their_line():
    found = documents(SERVICE + "---\n# a comment\n" + SERVICE)
    assert [(one.title, one.line) for one in found] == [("Service/web", 1), ("Service/web", 7)]


def test_a_list_is_unfolded_and_empty_documents_are_left_out():
    text = "---\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n"
    assert [one.title for one in documents(text)] == ["Pod/a"]


def test_dicts_are_taken_as_they_are():
    assert documents({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}})[0].line == 0


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n spec: {}\n", 5, "expected"),
        ("apiVersion: v1\nkind: Pod\nmetadata:\n\tname: a\n", 4, "tab"),
        ("kind: Pod\nmetadata: {name: a}\n", 1, "no apiVersion"),
        (SERVICE + "---\napiVersion: v1\nkind: Pod\n", 6, "no name"),
        ("apiVersion: v1\nkind: Service\nmetadata:\nspec:\n  clusterIP: None\n", 3, "no name"),
        ("- a\n- b\n", 1, "a list"),
        ("a: b: c\n", 1, "mapping values"),
    ],
)
def test_mistakes_are_found_at_their_line(text, line, said):
    with pytest.raises(ManifestError, match=said) as caught:
        documents(text)
    assert caught.value.line == line
    assert caught.value.fix and "\n" not in str(caught.value)


def test_nothing_at_all():
    with pytest.raises(ManifestError, match="empty"):
        documents("# only a comment\n")


def test_fields_know_their_line():
    text = "# first\n" + SERVICE + "spec:\n  ports:\n    - name: a\n      port: 1\n    - port: 2\n"
    document = documents(text)[0]
    assert document.line == 2
    assert document.line_of("spec.ports[0].port") == 9
    assert document.line_of("spec.ports[1].port") == 10
    assert document.line_of("spec.selector") == 6
    assert document.line_of("") == 2


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata:\nspec: {}\n", "write name: under metadata:"),
        ("apiVersion: v1\nkind: Pod\nmetadata: name a\n", "write name: under metadata:"),
        ("apiVersion: v1\nkind: Pod\nspec: {}\n", "add metadata:"),
    ],
)
def test_the_fix_for_a_missing_name_asks_for_what_is_missing(text, fix):
    with pytest.raises(ManifestError) as caught:
        documents(text)
    assert caught.value.fix.startswith(fix)
