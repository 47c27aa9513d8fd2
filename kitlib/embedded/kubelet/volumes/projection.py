"""The content of volumes that are made from API objects: ConfigMaps, Secrets, the downward API, tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from kitlib.clock import Clock
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.kubelet.environment import Lookup, allocatable, every_container, field_value, resource_value
from kitlib.embedded.kubelet.security import fs_group
from kitlib.embedded.kubelet.volumes.payload import File, Missing, select

__all__ = ["PROJECTED", "Projection", "TokenSource"]

PROJECTED = ("configMap", "secret", "projected", "downwardAPI")

TokenSource: TypeAlias = Callable[[Object, str, int], str]
"""Makes a service-account token for a pod, an audience ("" is the API's) and so many seconds."""

_MODE = 0o644
_ROUNDING = timedelta(seconds=1)
_DEFAULT_TOKEN_SECONDS = 3600
# The kubelet asks for a new token at four fifths of the old one's life, and at the latest after a day.
_RENEW_AT, _RENEW_AFTER_SECONDS = 0.8, 86400.0
_GROUP_READS = 0o440


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    renew_at: float
    valid: tuple[datetime, datetime]


class Projection:
    """Makes the files of one pod's projected volumes.

    Args:
        lookup: finds what the pod refers to.
        token: makes its tokens.
        clock: says when they are to be renewed.
    """

    def __init__(self, lookup: Lookup, token: TokenSource, clock: Clock) -> None:
        self._lookup, self._token, self._clock = lookup, token, clock
        self._tokens: dict[tuple[str, int], _Token] = {}

    @property
    def outdated(self) -> bool:
        """Whether a token is due for its renewal."""
        return any(self._is_due(token) for token in self._tokens.values())

    def files(self, pod: Object, volume: Object) -> dict[str, File]:
        """Return path -> file of a volume.

        Raises:
            Missing: something that it needs is not there.
            ConfigError: a field can't be had this way.
        """
        files = self._files(pod, volume)
        if fs_group(pod) is None:
            return files
        return {path: File(file.content, file.mode | _GROUP_READS) for path, file in files.items()}

    def _files(self, pod: Object, volume: Object) -> dict[str, File]:
        if "projected" in volume:
            projected = volume["projected"]
            mode, files = projected.get("defaultMode", _MODE), dict[str, File]()
            for source in projected.get("sources") or []:
                files |= self._source(pod, source, mode)
            return files
        kind = next(kind for kind in PROJECTED if kind in volume)
        source = volume[kind]
        named = {**source, "name": source.get("secretName", "")} if kind == "secret" else source
        return self._source(pod, {kind: named}, source.get("defaultMode", _MODE))

    def _source(self, pod: Object, source: Object, mode: int) -> dict[str, File]:
        if wanted := source.get("serviceAccountToken"):
            return {wanted["path"]: File(self._current_token(pod, wanted).encode(), mode)}
        if downward := source.get("downwardAPI"):
            items = downward.get("items") or []
            return {item["path"]: File(self._downward(pod, item), item.get("mode", mode)) for item in items}
        if not {"configMap", "secret"} & source.keys():
            return {}
        kind, resource = ("configMap", "configmaps") if "configMap" in source else ("secret", "secrets")
        reference = source[kind]
        found = self._lookup(resource, reference["name"])
        if found is None:
            if reference.get("optional"):
                return {}
            raise Missing(f'{resource[:-1]} "{reference["name"]}" not found')
        return select(found, reference, mode)

    def _current_token(self, pod: Object, wanted: Object) -> str:
        audience, seconds = wanted.get("audience", ""), wanted.get("expirationSeconds") or _DEFAULT_TOKEN_SECONDS
        known = self._tokens.get((audience, seconds))
        if known is None or self._is_due(known):
            life, now = min(seconds * _RENEW_AT, _RENEW_AFTER_SECONDS), self._clock.now()
            valid = (now - _ROUNDING, now + timedelta(seconds=life))
            known = _Token(self._token(pod, audience, seconds), self._clock.monotonic() + life, valid)
            self._tokens[audience, seconds] = known
        return known.text

    def _is_due(self, token: _Token) -> bool:
        """Tell whether a token's time is over, by either clock: its validity is said in the one that may be set."""
        begin, end = token.valid
        return token.renew_at <= self._clock.monotonic() or not begin <= self._clock.now() < end

    def _downward(self, pod: Object, item: Object) -> bytes:
        if field := item.get("fieldRef"):
            return field_value(pod, field["fieldPath"]).encode()
        wanted = item["resourceFieldRef"]
        container = next(c for c in every_container(pod) if c["name"] == wanted["containerName"])
        return resource_value(container, wanted, allocatable(pod, self._lookup)).encode()
