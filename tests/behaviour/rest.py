"""Plain HTTP with the cluster's credentials, for what typed clients hide: headers, forms of an answer, raw paths."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kubernetes.client import ApiClient

Json = dict[str, Any]

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Rest:
    """Requests to one cluster's API server; what is not asked for in `headers` is JSON."""

    def __init__(self, client: ApiClient, token: str = "") -> None:
        self._client, self._token = client, token

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        found = self._request(method, path, body, headers)
        return Answer(found.status, found.headers, found.data.decode())

    def get(self, path: str, **headers: str) -> Any:
        """The JSON of what must be there."""
        answer = self("GET", path, **headers)
        assert answer.status == 200, answer.text
        return answer.json

    def made(self, path: str, body: Json) -> Json:
        """POST what must be accepted."""
        answer = self("POST", path, body)
        assert answer.status == 201, answer.text
        created: Json = answer.json
        return created

    def patched(self, path: str, body: Any, kind: str = MERGE) -> Json:
        """PATCH what must be accepted."""
        answer = self("PATCH", path, body, content_type=kind)
        assert answer.status in (200, 201), answer.text
        changed: Json = answer.json
        return changed

    def put(self, path: str, body: Json) -> Json:
        """PUT what must be accepted."""
        answer = self("PUT", path, body)
        assert answer.status == 200, answer.text
        changed: Json = answer.json
        return changed

    @contextmanager
    def watching(self, path: str) -> Iterator[Iterator[Json]]:
        """The events of a watch, as they come."""
        answer = self._request("GET", path, None, {}, preload_content=False)
        assert answer.status == 200, answer.read()
        try:
            yield self._events(answer)
        finally:
            answer.close()

    @staticmethod
    def _events(answer: Any) -> Iterator[Json]:
        left = b""
        for piece in answer.stream(None):
            *lines, left = (left + piece).split(b"\n")
            yield from (json.loads(line) for line in lines if line)

    def _request(self, method: str, path: str, body: Any, headers: dict[str, str], **options: Any) -> Any:
        sent = {name.replace("_", "-").title(): value for name, value in headers.items()}
        sent.setdefault("Accept", "application/json")
        data = None
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            data = body if isinstance(body, bytes | str) else json.dumps(body)
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        else:
            self._client.update_params_for_auth(sent, [], ["BearerToken"])
        pool = self._client.rest_client.pool_manager
        return pool.request(
            method, self._client.configuration.host + path, body=data, headers=sent, timeout=60, **options
        )
