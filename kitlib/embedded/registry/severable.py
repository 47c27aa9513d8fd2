"""A client whose connection can be cut: what is written then fails, what is read is what was known.

Made for nodes that fail on purpose. A kubelet reads from its cache, which outlives the connection; here the store is
that cache, so reading goes on.
"""

from __future__ import annotations

from typing import Any

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.registry.loopback import LoopbackClient

__all__ = ["SeverableClient"]


class SeverableClient(LoopbackClient):
    """Set `severed` to cut the connection, and take it back to mend it."""

    severed = False

    def create(self, *args: Any, **options: Any) -> Object:
        """Create an object."""
        self._reach()
        return super().create(*args, **options)

    def update(self, *args: Any, **options: Any) -> Object:
        """Replace an object or its status."""
        self._reach()
        return super().update(*args, **options)

    def patch(self, *args: Any, **options: Any) -> Object:
        """Patch an object or its status."""
        self._reach()
        return super().patch(*args, **options)

    def delete(self, *args: Any, **options: Any) -> None:
        """Delete an object."""
        self._reach()
        super().delete(*args, **options)

    def event(self, *args: Any, **options: Any) -> None:
        """Record an Event; without a connection it is lost."""
        if not self.severed:
            super().event(*args, **options)

    def explain(self, *args: Any, **options: Any) -> None:
        """Say why; without a connection nobody hears it."""
        if not self.severed:
            super().explain(*args, **options)

    def _reach(self) -> None:
        if self.severed:
            raise StatusError(503, "ServiceUnavailable", "the node does not reach the API")
