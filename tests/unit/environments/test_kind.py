"""The kind provider asks the `kind` program the right things; kind itself is not run here."""

import pytest

from kitlib.environments.kind import KindProvider
from kitlib.errors import ClusterError, EnvironmentProblem

PRETENDED = """#!/bin/sh
echo "$@" >> {folder}/calls
case "$1 $2" in
"get clusters") cat {folder}/clusters ;;
"create cluster"|"export kubeconfig")
    while [ "$1" != --kubeconfig ]; do shift; done
    cp {folder}/kubeconfig "$2"; echo kit-a > {folder}/clusters ;;
"delete cluster") echo "ERROR: first" >&2; echo "ERROR: no daemon" >&2; exit 1 ;;
esac
"""
KUBECONFIG = """
current-context: kind-kit-a
clusters: [{name: k, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: k, user: {token: t}}]
contexts: [{name: kind-kit-a, context: {cluster: k, user: k}}]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "clusters").write_text("someone-elses\n")
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    for name, content in (("kind", PRETENDED.format(folder=tmp_path)), ("docker", "#!/bin/sh\n")):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(content)
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path


def calls(folder):
    return (folder / "calls").read_text().splitlines()


def test_a_cluster_is_made_once_with_a_kubeconfig_of_its_own(folder):
    provider = KindProvider(folder / "state")
    made, found = provider.create("a"), provider.create("a")
    assert (made.created, found.created) == (True, False)
    assert made.context == "kind-kit-a" and made.kubeconfig == folder / "state" / "kind" / "a.kubeconfig"
    (create,) = [call for call in calls(folder) if call.startswith("create")]
    assert f"--name kit-a --kubeconfig {made.kubeconfig}" in create and "environments/kind/cluster.yaml" in create
    assert provider.status("a").state == "stopped"  # nothing listens at the pretended address


def test_clusters_of_others_are_never_touched(folder):
    provider = KindProvider(folder / "state")
    assert provider.status("someone-elses").state == "absent"
    assert not provider.delete("someone-elses")
    assert calls(folder) == ["get clusters"] * 2


def test_what_kind_says_is_passed_on(folder):
    provider = KindProvider(folder / "state")
    provider.create("a")
    with pytest.raises(ClusterError, match="kind delete failed: ERROR: no daemon"):
        provider.delete("a")


@pytest.mark.parametrize(("missing", "fix"), [("kind", "install kind"), ("docker", "Docker or Podman")])
def test_what_is_missing_is_named_with_its_fix(folder, missing, fix, monkeypatch):
    (folder / "bin" / missing).unlink()
    monkeypatch.setenv("PATH", str(folder / "bin"))
    with pytest.raises(EnvironmentProblem, match=fix):
        KindProvider(folder / "state").create("a")
    assert not (folder / "state").exists()
