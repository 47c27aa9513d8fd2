import base64

import pytest
import yaml

from kitlib.client.kubeconfig import read_access
from kitlib.errors import UsageError


def write(path, **changes):
    config = {
        "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "c", "user": "u", "namespace": "ns"}}],
        "clusters": [
            {
                "name": "c",
                "cluster": {
                    "server": "https://127.0.0.1:1/",
                    "certificate-authority-data": base64.b64encode(b"CA").decode(),
                },
            }
        ],
        "users": [{"name": "u", "user": {"token": "secret"}}],
    } | changes
    path.write_text(yaml.safe_dump(config))
    return path


def test_reads_data_token_and_namespace(tmp_path):
    access = read_access(write(tmp_path / "k"))
    assert (access.server, access.ca, access.token, access.namespace) == ("https://127.0.0.1:1", "CA", "secret", "ns")


def test_files_are_relative_to_the_kubeconfig(tmp_path):
    (tmp_path / "client.crt").write_text("CERT")
    (tmp_path / "client.key").write_text("KEY")
    users = [{"name": "u", "user": {"client-certificate": "client.crt", "client-key": "client.key"}}]
    access = read_access(write(tmp_path / "k", users=users))
    assert (access.certificate, access.key) == ("CERT", "KEY")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: [", "cannot be read"),
        ("just text", "is not a kubeconfig"),
        ("contexts: []", "names no current context"),
        ("current-context: x", "has no context 'x'"),
    ],
)
def test_a_broken_file_is_one_clear_line(tmp_path, content, said):
    (tmp_path / "k").write_text(content)
    with pytest.raises(UsageError, match=said) as caught:
        read_access(tmp_path / "k")
    assert "\n" not in str(caught.value) and caught.value.fix


def test_a_missing_file_says_how_to_get_one(tmp_path):
    with pytest.raises(UsageError, match="kit up"):
        read_access(tmp_path / "none")


def test_bad_base64_is_named(tmp_path):
    clusters = [{"name": "c", "cluster": {"server": "https://h", "certificate-authority-data": "%%%"}}]
    with pytest.raises(UsageError, match="certificate-authority-data"):
        read_access(write(tmp_path / "k", clusters=clusters))


def test_an_exec_plugin_is_run_by_the_official_client(tmp_path):
    credential = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"fresh"}}'
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "echo",
        "args": [credential],
        "interactiveMode": "Never",
    }
    clusters = [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}]
    access = read_access(write(tmp_path / "k", users=[{"name": "u", "user": {"exec": plugin}}], clusters=clusters))
    assert access.token == "fresh"
