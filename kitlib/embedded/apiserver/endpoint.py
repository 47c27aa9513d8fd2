"""Where the API listens: HTTPS on loopback, and on whatever socket the pod network hands over."""

from __future__ import annotations

import logging
import socket
import ssl

from aiohttp import web
from aiohttp.http import HttpProcessingError

from kitlib.embedded.apiserver.pki import Pki
from kitlib.errors import EnvironmentProblem

__all__ = ["HttpsEndpoint", "listen_on_loopback"]

_BACKLOG = 512
# A real API server's IdleTimeout. It also ends a connection whose request line or headers never end.
_IDLE_SECONDS = 90.0
# An exec has its command in the query.
_LONGEST_LINE, _LONGEST_HEADER = 1 << 20, 64 << 10


def listen_on_loopback(port: int, *, strict: bool) -> socket.socket:
    """Return a listening socket on 127.0.0.1.

    Args:
        port: the port to use; 0 finds a free one.
        strict: fail when it is taken; otherwise find a free one instead.

    Raises:
        EnvironmentProblem: the port is taken.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        if not strict and port:
            return listen_on_loopback(0, strict=True)
        raise EnvironmentProblem(
            f"port {port} on 127.0.0.1 can't be used: {error.strerror}", fix="pass another --port, or none"
        ) from error
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener


def _is_our_fault(record: logging.LogRecord) -> bool:
    """What a client sent that is no HTTP was answered with a 400, and is nothing to read a traceback of."""
    error = record.exc_info[1] if record.exc_info else None
    if not isinstance(error, HttpProcessingError):
        return True
    # Its frames and its connection hold each other, with the 256 KiB that TLS reads into: let them go at once.
    error.__traceback__ = None
    return False


_protocol_log = logging.getLogger(__name__)
_protocol_log.addFilter(_is_our_fault)


class HttpsEndpoint:
    """Serves one application over TLS on any number of sockets.

    Args:
        app: the application.
        pki: the server's certificate, and the CA that client certificates must be of.
        idle_seconds: how long a connection may be open without a complete request.
    """

    def __init__(self, app: web.Application, pki: Pki, *, idle_seconds: float = _IDLE_SECONDS) -> None:
        # A watch may be open at shutdown: its client reconnects, nothing is worth waiting for.
        self._runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=0.1,
            handler_cancellation=True,
            keepalive_timeout=idle_seconds,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_HEADER,
            logger=_protocol_log,
        )
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._tls.load_cert_chain(pki.path("server.crt"), pki.path("server.key"))
        self._tls.load_verify_locations(pki.path("ca.crt"))
        self._tls.verify_mode = ssl.CERT_OPTIONAL

    async def start(self) -> None:
        """Prepare the application."""
        await self._runner.setup()

    async def serve(self, listener: socket.socket) -> web.SockSite:
        """Serve on a listening socket; stop it by the returned site's `stop`."""
        site = web.SockSite(self._runner, listener, ssl_context=self._tls, backlog=_BACKLOG)
        await site.start()
        return site

    async def stop(self) -> None:
        """Close all sockets and connections."""
        await self._runner.cleanup()
