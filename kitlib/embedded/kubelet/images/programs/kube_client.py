"""A pod's own way to the API server: its service account's token, and the cluster's certificate authority."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

__all__ = ["ApiServer", "Refused"]

Json = dict[str, Any]

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_HOST = "kubernetes.default.svc"
_TIMEOUT_SECONDS = 10.0
_WATCH_SECONDS = 240


class Refused(Exception):
    """The server answered with an error, and says why."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {HTTPStatus(code).phrase}: {text}")
        self.code = code


class ApiServer:
    """Makes requests as the pod's service account; the token is read anew each time, since it is renewed."""

    def __init__(self, account: Path = _ACCOUNT, host: str = _HOST, port: int = 443) -> None:
        self._account, self._host, self._port = account, host, port

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """Make one request.

        Raises:
            Refused: the server says no.
            OSError: it does not answer, or stops in the middle.
        """
        connection = self._connect(_TIMEOUT_SECONDS)
        try:
            return _json(self._send(connection, method, path, body))
        finally:
            connection.close()

    def changes(self, path: str) -> Iterator[tuple[str, Json]]:
        """Yield everything of a kind as ADDED, then every change until the server ends the watch."""
        listed = self.call("GET", path)
        for item in listed.get("items") or []:
            yield "ADDED", item
        query: Mapping[str, object] = {
            "watch": 1,
            "resourceVersion": listed["metadata"]["resourceVersion"],
            "timeoutSeconds": _WATCH_SECONDS,
        }
        connection = self._connect(_WATCH_SECONDS + _TIMEOUT_SECONDS)
        try:
            response = self._send(connection, "GET", f"{path}?{urlencode(query)}", None)
            while (line := response.readline()).endswith(b"\n"):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                yield event["type"], event["object"]
        finally:
            connection.close()

    def _connect(self, timeout: float) -> http.client.HTTPSConnection:
        trusted = ssl.create_default_context(cafile=str(self._account / "ca.crt"))
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=trusted)

    def _send(
        self, connection: http.client.HTTPSConnection, method: str, path: str, body: Json | None
    ) -> http.client.HTTPResponse:
        token = (self._account / "token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "Content-Type": "application/json"}
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
        except http.client.HTTPException as error:
            raise ConnectionError(f"{self._host} broke off: {error!r}") from error
        if response.status >= 400:
            raise Refused(response.status, str(_json(response).get("message") or response.reason))
        return response


def _json(response: http.client.HTTPResponse) -> Json:
    try:
        return dict(json.loads(response.read() or b"{}"))
    except http.client.HTTPException as error:
        raise ConnectionError(f"the answer broke off: {error!r}") from error
    except ValueError:
        return {}
