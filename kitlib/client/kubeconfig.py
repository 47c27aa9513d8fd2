"""A kubeconfig becomes an `Access`: where the API server is, whom to trust, who we are."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kitlib.errors import UsageError

__all__ = ["Access", "read_access"]


@dataclass(frozen=True, slots=True)
class Access:
    """Everything one connection needs; certificates are PEM texts, never paths."""

    server: str
    context: str
    namespace: str
    kubeconfig: Path
    ca: str = ""
    certificate: str = ""
    key: str = ""
    token: str = ""
    insecure: bool = False
    tls_server_name: str = ""


def read_access(path: Path, context: str | None = None) -> Access:
    """Read `path` and pick `context`, or the current one.

    Credentials that come from a plugin are left to the official client, which is imported only then.

    Raises:
        UsageError: the file, the context, or what it points to is missing or malformed.
    """
    config = _load(path)
    name = context or config.get("current-context") or ""
    if not name:
        raise UsageError(f"{path} names no current context", fix="pass --context, or set current-context in the file")
    chosen = _entry(config, kind="context", name=name, path=path)
    cluster = _entry(config, kind="cluster", name=str(chosen.get("cluster", "")), path=path)
    user = _entry(config, kind="user", name=str(chosen.get("user", "")), path=path) if chosen.get("user") else {}
    if "exec" in user or "auth-provider" in user or "username" in user:
        return _by_plugin(path, name, namespace=str(chosen.get("namespace") or "default"))
    folder = path.parent
    return Access(
        server=str(cluster.get("server", "")).rstrip("/"),
        context=name,
        namespace=str(chosen.get("namespace") or "default"),
        kubeconfig=path,
        ca=_pem(cluster, "certificate-authority", folder),
        certificate=_pem(user, "client-certificate", folder),
        key=_pem(user, "client-key", folder),
        token=_token(user, folder),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        tls_server_name=str(cluster.get("tls-server-name") or ""),
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        config = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except FileNotFoundError:
        raise UsageError(
            f"there is no kubeconfig at {path}", fix="start a cluster with `kit up`, or correct KIT_KUBECONFIG"
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        cause = str(error).splitlines()[0]
        raise UsageError(
            f"the kubeconfig {path} cannot be read: {cause}", fix="name another with KIT_KUBECONFIG"
        ) from None
    if not isinstance(config, dict):
        raise UsageError(f"{path} is not a kubeconfig", fix="name another with KIT_KUBECONFIG")
    return config


def _entry(config: Mapping[str, Any], *, kind: str, name: str, path: Path) -> dict[str, Any]:
    entries = {str(e.get("name")): e for e in config.get(f"{kind}s") or [] if isinstance(e, dict)}
    if name not in entries:
        known = ", ".join(sorted(entries)) or "none"
        raise UsageError(f"{path} has no {kind} {name!r}", fix=f"use one of: {known}")
    return dict(entries[name].get(kind) or {})


def _pem(entry: Mapping[str, Any], field: str, folder: Path) -> str:
    data = entry.get(f"{field}-data")
    if data:
        try:
            return base64.b64decode(data, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise UsageError(f"{field}-data in the kubeconfig is not base64 text", fix="get a new kubeconfig") from None
    file = entry.get(field)
    return _text(folder / str(file), field) if file else ""


def _token(user: Mapping[str, Any], folder: Path) -> str:
    if user.get("token"):
        return str(user["token"])
    return _text(folder / str(user["tokenFile"]), "tokenFile").strip() if user.get("tokenFile") else ""


def _text(file: Path, field: str) -> str:
    try:
        return file.read_text()
    except OSError as error:
        raise UsageError(f"{field} {file} cannot be read: {error.strerror}", fix="get a new kubeconfig") from None


def _by_plugin(path: Path, context: str, *, namespace: str) -> Access:
    """Let the official client run the credential plugin (1.3 s to import, so only for those who need it)."""
    from kubernetes import client, config  # noqa: PLC0415

    configuration = client.Configuration()
    try:
        config.load_kube_config(config_file=str(path), context=context, client_configuration=configuration)
    except config.ConfigException as error:
        raise UsageError(f"context {context!r} of {path}: {error}", fix="check its credential plugin") from None

    def text(file: str | None) -> str:
        return Path(file).read_text() if file else ""

    # Releases of the official client differ in where they put it.
    keys = configuration.api_key
    bearer = str(keys.get("authorization") or keys.get("BearerToken") or "")
    return Access(
        server=str(configuration.host).rstrip("/"),
        context=context,
        namespace=namespace,
        kubeconfig=path,
        ca=text(configuration.ssl_ca_cert),
        certificate=text(configuration.cert_file),
        key=text(configuration.key_file),
        token=bearer.removeprefix("Bearer "),
        insecure=not configuration.verify_ssl,
    )
