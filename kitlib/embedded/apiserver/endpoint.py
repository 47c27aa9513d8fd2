"""Where the API listens: HTTPS on loopback, and on whatever socket the pod network hands over."""

from __future__ import annotations

import socket
import ssl

from aiohttp import web

from kitlib.embedded.apiserver.pki import Pki
from kitlib.errors import EnvironmentProblem

__all__ = ["HttpsEndpoint", "listen_on_loopback"]

_BACKLOG = 512


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


class HttpsEndpoint:
    """Serves one application over TLS on any number of sockets.

    Args:
        app: the application.
        pki: the server's certificate, and the CA that client certificates must be of.
    """

    def __init__(self, app: web.Application, pki: Pki) -> None:
        # A watch may be open at shutdown: its client reconnects, nothing is worth waiting for.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
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
