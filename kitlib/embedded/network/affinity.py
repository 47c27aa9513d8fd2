"""Session affinity: which backend a client had last, for as long as its Service says."""

from __future__ import annotations

from collections.abc import Callable

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.network.frontends import Owner, Target

__all__ = ["Affinity"]

_DEFAULT_SECONDS = 10800
_REMEMBERED = 10_000


class Affinity:
    """Remembers clients by their address.

    Args:
        now: monotonic seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last: dict[tuple[Owner, str], tuple[str, float]] = {}

    def order(self, owner: Owner, service: Object, peer: str, targets: list[Target]) -> list[Target]:
        """Return `targets` with the client's own first; every use prolongs the affinity.

        Args:
            owner: the Service's namespace and name.
            service: the Service.
            peer: the client's address.
            targets: the backends in any order; at least one.
        """
        if service["spec"].get("sessionAffinity") != "ClientIP":
            return targets
        known = self._last.get((owner, peer))
        if known is not None and known[1] > self._now():
            targets = sorted(targets, key=lambda target: target[0] != known[0])
        settings = (service["spec"].get("sessionAffinityConfig") or {}).get("clientIP") or {}
        until = self._now() + settings.get("timeoutSeconds", _DEFAULT_SECONDS)
        self._last[owner, peer] = (targets[0][0], until)
        if len(self._last) > _REMEMBERED:
            now = self._now()
            self._last = {key: value for key, value in self._last.items() if value[1] > now}
        return targets

    def forget(self, owner: Owner) -> None:
        """Forget the clients of a Service that has no affinity, or is gone."""
        self._last = {key: value for key, value in self._last.items() if key[0] != owner}
