"""The provider of embedded clusters where no cluster is needed, and on one that runs."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from kitlib.environments.embedded import EmbeddedProvider
from kitlib.environments.kubeconfig import KubeconfigProvider
from kitlib.errors import UsageError


@pytest.fixture
def provider(tmp_path):
    return EmbeddedProvider(tmp_path / "state")


def test_looking_makes_nothing(provider, tmp_path):
    assert provider.names() == [] and provider.status("x").state == "absent"
    assert not provider.stop("x") and not provider.delete("x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", "..", "é", "²", "a" * 41])
def test_names_that_are_refused(provider, name):
    with pytest.raises(UsageError, match="is not usable"):
        provider.directory(name)


def test_doctor_counts_the_disk(provider):
    disk = provider.doctor()[-1]
    assert disk.check == "disk space" and disk.ok and "MiB free" in disk.detail


def test_a_log_that_has_grown_is_put_aside(provider):
    provider.create("logs")
    try:
        provider.stop("logs")
        log = provider.directory("logs") / "daemon.log"
        log.write_bytes(b"x" * (2 << 20))
        provider.create("logs")
        assert log.stat().st_size < 1 << 20
        assert (log.parent / "daemon.log.1").stat().st_size == 2 << 20
    finally:
        provider.delete("logs")
    assert provider.names() == []


def test_a_cluster_somebody_names_is_looked_at_only(provider, tmp_path):
    info = provider.create("named")
    try:
        named = KubeconfigProvider(info.kubeconfig, info.context)
        status = named.status()
        assert (status.state, status.info.server) == ("running", info.server) and "Kubernetes v1." in status.detail
        assert [finding.check for finding in named.doctor() if not finding.ok] == []
        for change in (named.create, named.delete):
            with pytest.raises(UsageError, match="it did not make it"):
                change()
        provider.stop("named")
        assert named.status().state == "stopped" and "nothing listens" in named.status().detail
        (finding,) = named.doctor()
        assert not finding.ok and finding.fix
    finally:
        provider.delete("named")
    with pytest.raises(UsageError, match="there is no kubeconfig"):
        KubeconfigProvider(tmp_path / "nowhere").status()


def test_a_deleted_cluster_leaves_no_lock_behind_and_nobody_gets_in_twice(tmp_path):
    """As many as like delete and make the cluster's directory at a time: one after the other."""
    provider, inside, rounds = EmbeddedProvider(tmp_path), [], range(25)

    def work(number):
        for _ in rounds:
            with provider._alone_with("x"):
                inside.append(number)
                provider.directory("x").mkdir(exist_ok=True)
                assert inside == [number]
                inside.remove(number)
            provider.delete("x")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    provider.directory("x").mkdir()
    assert provider.delete("x")
    assert list((tmp_path / "clusters").iterdir()) == []
