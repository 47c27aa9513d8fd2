"""The kit's own kubeconfig."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import yaml

from kitlib.embedded.apiserver.pki import Pki
from kitlib.embedded.kubeconfig import write_kubeconfig


def test_a_namespace_that_the_user_has_set_survives_a_restart(tmp_path: Path) -> None:
    pki, file = Pki(tmp_path / "pki", datetime.now(UTC)), tmp_path / "kubeconfig"
    write_kubeconfig(file, cluster="default", server="https://127.0.0.1:1", pki=pki)
    document = yaml.safe_load(file.read_text())
    document["contexts"][0]["context"]["namespace"] = "demo"
    file.write_text(yaml.safe_dump(document))

    write_kubeconfig(file, cluster="default", server="https://127.0.0.1:2", pki=pki)

    written = yaml.safe_load(file.read_text())
    assert written["contexts"][0]["context"]["namespace"] == "demo"
    assert written["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:2"
    assert file.stat().st_mode & 0o777 == 0o600
