"""ConfigMaps and Secrets."""

from __future__ import annotations

import base64

from kitlib.embedded.apimachinery.naming import check_config_key
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy

__all__ = ["ConfigMapStrategy", "SecretStrategy"]

_LIMIT = 1024 * 1024
_FROZEN = "field is immutable when `immutable` is set"
_NEEDED_KEYS = {
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


class ConfigMapStrategy(Strategy):
    """ConfigMaps."""

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check keys, which data and binaryData share, and the total size."""
        data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
        errors: list[FieldError] = []
        for key in data:
            errors += _check_key("data", key)
            if key in binary:
                detail = f"duplicate of key present in data: {key}"
                errors.append(fields.invalid(f"data[{key}]", key, detail))
        for key in binary:
            errors += _check_key("binaryData", key)
        size = sum(len(value.encode()) for value in data.values()) + sum(_decoded_size(v) for v in binary.values())
        return errors + ([fields.too_long("", _LIMIT)] if size > _LIMIT else [])

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """An immutable map stays as it is."""
        return _check_frozen(obj, old, ("data", "binaryData"))


class SecretStrategy(Strategy):
    """Secrets: `stringData` is written into `data`; the type is for life."""

    def default(self, obj: Object) -> None:
        """Type Opaque; encode stringData."""
        obj.setdefault("type", "Opaque")
        plain = obj.pop("stringData", None)
        if plain:
            encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
            obj["data"] = (obj.get("data") or {}) | encoded

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check keys, size and what the type needs."""
        data = obj.get("data") or {}
        errors = [error for key in data for error in _check_key("data", key)]
        if sum(_decoded_size(value) for value in data.values()) > _LIMIT:
            errors.append(fields.too_long("data", _LIMIT))
        for key in _NEEDED_KEYS.get(obj["type"], ()):
            if key not in data:
                errors.append(fields.required(f"data[{key}]"))
        if obj["type"] == "kubernetes.io/basic-auth" and not {"username", "password"} & set(data):
            errors += [fields.required("data[username]"), fields.required("data[password]")]
        return errors

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """The type is immutable, and an immutable secret stays as it is."""
        return fields.unchanged("type", obj["type"], old["type"]) + _check_frozen(obj, old, ("data",))


def _check_key(field: str, key: str) -> list[FieldError]:
    return [fields.invalid(f"{field}[{key}]", key, text) for text in check_config_key(key)]


def _decoded_size(encoded: str) -> int:
    return len(encoded) * 3 // 4


def _check_frozen(obj: Object, old: Object, names: tuple[str, ...]) -> list[FieldError]:
    if not old.get("immutable"):
        return []
    errors = [] if obj.get("immutable") else [fields.forbidden("immutable", _FROZEN)]
    return errors + [fields.forbidden(name, _FROZEN) for name in names if obj.get(name) != old.get(name)]
