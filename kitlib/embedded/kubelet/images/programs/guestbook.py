"""`agnhost guestbook`: a front end that keeps what it is told at a back end of the same program."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Sequence
from urllib.parse import quote

from .options import parse
from .transfer import fetch
from .web import Request, Response, serve

__all__ = ["run_guestbook"]

_RETRY_SECONDS = 1.0


class _Store:
    """What is kept here, and the replicas that get a copy."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.replicas: set[str] = set()


def run_guestbook(arguments: Sequence[str]) -> int:
    """Serve as a back end, as its replica (`--replicaof`), or as the front end of both."""
    options, _ = parse(arguments)
    port, backend = int(options.get("http-port", "80")), options.get("backend-port", "6379")
    store = _Store()
    if primary := options.get("replicaof"):
        threading.Thread(target=_join, args=(primary, backend, port, store), daemon=True).start()
    serve(port, lambda request: _answer(request, store, backend))
    return 0


def _join(primary: str, backend: str, port: int, store: _Store) -> None:
    """Tell the primary of this replica until it knows, and take over what it has."""
    while True:
        try:
            address = socket.gethostbyname(socket.gethostname())
            told = fetch(f"http://{primary}:{backend}/register?host={address}:{port}", timeout=5)
            store.values.update(json.loads(told.body))
            return
        except (OSError, ValueError):
            time.sleep(_RETRY_SECONDS)


def _answer(request: Request, store: _Store, backend: str) -> Response:
    query = request.query
    key, value = query.get("key", ""), query.get("value", "")
    match request.path:
        case "/register":
            store.replicas.add(query["host"])
            return Response(_compact(store.values))
        case "/set":
            store.values[key] = value
            for replica in store.replicas:
                fetch(f"http://{replica}/set?key={quote(key)}&value={quote(value)}", timeout=5)
            return Response(_compact({"data": value}))
        case "/get":
            return Response(_compact({"data": store.values.get(key, "")}))
        case "/guestbook":
            return _ask_backend(query.get("cmd", ""), key, value, backend)
        case "/" | "/healthz":
            return Response("guestbook")
    return Response("404 page not found\n", 404)


def _ask_backend(command: str, key: str, value: str, backend: str) -> Response:
    host = "agnhost-primary" if command == "set" else "agnhost-replica"
    try:
        told = fetch(f"http://{host}:{backend}/{command}?key={quote(key)}&value={quote(value)}", timeout=5)
    except (OSError, ValueError) as error:
        return Response(_compact({"error": str(error)}), 500)
    if command == "set":
        return Response(_compact({"message": "Updated"}))
    return Response(told.body, told.status)


def _compact(document: object) -> str:
    """Encode as Go does, without spaces: clients compare the text."""
    return json.dumps(document, separators=(",", ":"))
