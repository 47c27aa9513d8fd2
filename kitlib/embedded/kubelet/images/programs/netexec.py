"""`agnhost netexec`: a web and a datagram server that do what they are asked. For tests of networks only."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from .options import parse
from .transfer import fetch
from .web import Request, Response, serve

__all__ = ["run_netexec", "serve_datagrams"]


def run_netexec(arguments: Sequence[str]) -> int:
    """Serve HTTP and UDP until told to end."""
    options, _ = parse(arguments)
    http, udp = int(options.get("http-port", "8080")), int(options.get("udp-port", "8081"))
    if udp > 0:
        threading.Thread(target=serve_datagrams, args=(udp,), daemon=True).start()
    print(f"Started HTTP server on port {http}", flush=True)
    delay = float(options.get("delay-shutdown", "0"))
    # Asked to stop, it serves on for the delay: what a test of terminating endpoints needs.
    signal.signal(signal.SIGTERM, lambda *_: threading.Timer(delay, os._exit, (0,)).start())
    serve(http, _Server(delay))
    return 0


def serve_datagrams(port: int) -> None:
    """Answer `hostname`, `echo TEXT` and `clientip` over UDP, for ever."""
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("", port))
        print(f"Started UDP server on port {port}", flush=True)
        while True:
            data, client = server.recvfrom(65536)
            command, _, rest = data.decode(errors="replace").strip().partition(" ")
            answers = {"hostname": socket.gethostname(), "echo": rest, "clientip": f"{client[0]}:{client[1]}"}
            if (answer := answers.get(command.lower())) is not None:
                server.sendto(answer.encode(), client)


class _Server:
    """Finds the function of a path; several end the process."""

    def __init__(self, delay: float) -> None:
        self._delay = delay

    def __call__(self, request: Request) -> Response:
        name = request.path.strip("/").lower().split("/")[0]
        print(f"{request.method} {request.path}", flush=True)
        answers = {"": self._now, "dial": _dial, "shell": _shell, "exit": self._exit, "shutdown": self._exit}
        if name in answers:
            return answers[name](request)
        query = request.query
        match name:
            case "clientip":
                return Response(f"{request.client[0]}:{request.client[1]}")
            case "hostname":
                return Response(socket.gethostname())
            case "echo":
                return Response(query.get("msg", ""), int(query.get("code") or 200))
            case "header":
                return Response(request.headers.get(query.get("key", "").lower(), ""))
            case "redirect":
                code = int(query.get("code") or 302)
                return Response("", code, {"Location": query.get("location", "/")})
            case "healthz" | "readyz":
                return Response("")
        return Response("404 page not found\n", 404)

    def _now(self, request: Request) -> Response:
        return Response(f"NOW: {datetime.now(UTC)}")

    def _exit(self, request: Request) -> Response:
        """End the process: after `wait` connections go on, and at once when there is nothing to wait for."""
        code, wait = int(request.query.get("code") or 0), request.query.get("wait", "0").rstrip("s")

        def end() -> None:
            time.sleep(float(wait or 0) + self._delay)
            os._exit(code)

        threading.Timer(0.05, end).start()
        return Response("")


def _shell(request: Request) -> Response:
    """Run a command line and return its output."""
    command = request.query.get("shellCommand") or request.query.get("cmd", "")
    if not command:
        return Response('{"error":"Expected shellCommand"}', 400)
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False)
    answer = {"output": (done.stdout + done.stderr).decode(errors="replace")}
    if done.returncode:
        answer["error"] = f"exit status {done.returncode}"
    return Response(json.dumps(answer))


def _dial(request: Request) -> Response:
    """Ask another one of these, from here."""
    query = request.query
    host, port, protocol = query.get("host", ""), int(query.get("port") or 0), query.get("protocol", "http")
    what, responses, errors = query.get("request", "hostname"), list[str](), list[str]()
    if not host or protocol not in ("http", "udp"):
        return Response(f"unsupported protocol: {protocol}", 400)
    for _ in range(int(query.get("tries") or 1)):
        try:
            if protocol == "http":
                path, mark, values = what.lstrip("/").partition("?")
                responses.append(fetch(f"http://{host}:{port}/{quote(path)}{mark}{values}", timeout=5).body.decode())
            else:
                responses.append(_ask(host, port, what))
        except OSError as error:
            errors.append(str(error))
    answer = {"responses": responses} | ({"errors": errors} if errors else {})
    return Response(json.dumps(answer))


def _ask(host: str, port: int, what: str) -> str:
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(what.encode(), (host, port))
        return client.recv(65536).decode(errors="replace")
