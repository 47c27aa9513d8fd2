"""The cluster's own kubeconfig: admin credentials and the CA, in one private file."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

from kitlib.embedded.apiserver.pki import Pki, private_file

__all__ = ["context_name", "write_kubeconfig"]


def context_name(cluster: str) -> str:
    """Return the context of a cluster: `kit-embedded`, or `kit-embedded-NAME` beside the default one."""
    return "kit-embedded" if cluster == "default" else f"kit-embedded-{cluster}"


def write_kubeconfig(path: Path, *, cluster: str, server: str, pki: Pki) -> None:
    """Write the file; only its owner may read it. What the user has set in its contexts (a namespace) is kept."""

    def data(name: str) -> str:
        return base64.b64encode(pki.read(name)).decode()

    context = context_name(cluster)
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": context, "cluster": {"server": server, "certificate-authority-data": data("ca.crt")}}],
        "users": [
            {
                "name": context,
                "user": {"client-certificate-data": data("admin.crt"), "client-key-data": data("admin.key")},
            }
        ],
        "contexts": [{"name": context, "context": _former(path, context) | {"cluster": context, "user": context}}],
    }
    private_file(path, yaml.safe_dump(document, sort_keys=False).encode())


def _former(path: Path, context: str) -> dict[str, str]:
    """Return the context as the file has it, or nothing."""
    try:
        document = yaml.safe_load(path.read_text())
        return next(dict(entry["context"]) for entry in document["contexts"] if entry["name"] == context)
    except (OSError, yaml.YAMLError, TypeError, KeyError, StopIteration):
        return {}
