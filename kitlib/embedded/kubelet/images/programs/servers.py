"""`agnhost`'s small servers."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence

from .options import parse
from .web import Handler, Request, Response, serve, start

__all__ = ["run_liveness", "run_nettest", "run_porter", "run_serve_hostname"]

_HEALTHY_SECONDS = 10.0


def run_liveness(arguments: Sequence[str]) -> int:
    """Be healthy for ten seconds, and never again."""
    began = time.monotonic()

    def answer(request: Request) -> Response:
        if request.path == "/healthz" and (age := time.monotonic() - began) > _HEALTHY_SECONDS:
            return Response(f"error: {age}", 500)
        if request.path == "/redirect":
            where = request.query.get("loc", "/")
            return Response(f'<a href="{where}">Found</a>.\n\n', 302, {"Location": where})
        return Response("ok") if request.path in ("/healthz", "/started") else Response("404 page not found\n", 404)

    serve(8080, answer)
    return 0


def run_serve_hostname(arguments: Sequence[str]) -> int:
    """Tell the name of this host, over HTTP, TCP or UDP."""
    options, _ = parse(arguments, flags=["tcp", "udp", "http", "close"])
    port, name = int(options.get("port", "9376")), os.environ.get("HOSTNAME") or socket.gethostname()
    if options.get("udp") == "true":
        with socket.socket(type=socket.SOCK_DGRAM) as server:
            server.bind(("", port))
            while True:
                _, client = server.recvfrom(4096)
                server.sendto(name.encode(), client)
    if options.get("tcp") == "true":
        with socket.create_server(("", port)) as server:
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.sendall(name.encode())
    serve(port, lambda _: Response(name))
    return 0


def run_porter(arguments: Sequence[str]) -> int:
    """Serve the value of each variable SERVE_PORT_n on port n."""
    for variable, text in os.environ.items():
        if variable.startswith("SERVE_PORT_"):
            port = variable.removeprefix("SERVE_PORT_")
            start(int(port), _says(text))
            print(f"server on port {port}", flush=True)
    threading.Event().wait()
    return 0


def _says(text: str) -> Handler:
    def answer(request: Request) -> Response:
        # A page that names its own paths lets one see whether a proxy rewrites them.
        page = f'<a href="/rewriteme">{text}</a>' if request.path == "/rewriteme" else text
        return Response(page, 200, {"Content-Type": "text/html" if page != text else "text/plain"})

    return answer


def run_nettest(arguments: Sequence[str]) -> int:
    """Note who says what to `/write`, and tell it at `/read`."""
    options, _ = parse(arguments)
    received: Counter[str] = Counter()

    def answer(request: Request) -> Response:
        match request.path:
            case "/read":
                told = {"Hostname": socket.gethostname(), "Sent": {}, "Received": dict(received), "Errors": None}
                return Response(json.dumps(told | {"Log": [], "StillContactingPeers": True}))
            case "/write":
                received[str(json.loads(request.body)["Source"])] += 1
                return Response("{}")
            case "/status" | "/healthz":
                return Response("running")
            case "/quit":
                threading.Timer(0.05, os._exit, (0,)).start()
                return Response("")
        return Response("404 page not found\n", 404)

    serve(int(options.get("port", "8080")), answer)
    return 0
