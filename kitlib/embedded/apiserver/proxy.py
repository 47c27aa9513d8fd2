"""The `proxy` subresource of pods and services: a client's HTTP request, made again inside the pod network.

Source: Kubernetes' "Access Services Running on Clusters" and the apiserver's proxy handler.
"""

from __future__ import annotations

import random
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.selectors import parse_label_selector
from kitlib.embedded.apimachinery.status import bad_request, generic
from kitlib.embedded.apiserver.node_streams import Node
from kitlib.embedded.apiserver.request import ApiRequest
from kitlib.embedded.registry.listing import ListOptions
from kitlib.embedded.registry.registry import Registry

__all__ = ["Proxy"]

_PODS, _SERVICES, _SLICES = by_name("pods"), by_name("services"), by_name("endpointslices.discovery.k8s.io")
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_PASSED_ON = _HOP_BY_HOP | {"host", "authorization"}
_CHUNK = 64 << 10
_PREFIX_PARTS = 8  # /api/v1/namespaces/NAMESPACE/pods/NAME/proxy, split at its slashes
_PAGE_LIMIT = 8 << 20  # a larger page keeps its links
_LINK = re.compile(rb"""((?:href|src|action|longdesc|cite|background)\s*=\s*["'])/(?!/)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Backend:
    """Where a request goes."""

    node: str
    address: str
    port: int
    scheme: str


class _Connector(aiohttp.BaseConnector):
    """Connects through the node: its addresses do not belong to this machine."""

    def __init__(self, node: Node, backend: _Backend) -> None:
        super().__init__(force_close=True)
        self._node, self._backend = node, backend

    async def _create_connection(self, req: object, traces: object, timeout: object) -> ResponseHandler:
        connection = await self._node.dial(self._backend.address, self._backend.port)
        tls = None
        if self._backend.scheme == "https":  # as upstream: who serves in a pod has no certificate that is known here
            tls = ssl.create_default_context()
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        host = self._backend.address if tls else None
        _, protocol = await self._loop.create_connection(self._factory, sock=connection, ssl=tls, server_hostname=host)
        return protocol


class Proxy:
    """Answers `/proxy` and all below it.

    Args:
        registry: where pods, services and endpoints are looked up.
        node: finds the kubelet of a node by name; None when it is down.
    """

    def __init__(self, registry: Registry, node: Callable[[str], Node | None]) -> None:
        self._registry, self._node = registry, node

    async def handle(self, request: ApiRequest) -> web.StreamResponse:
        """Pass a request on, whatever its method, and its answer back.

        Raises:
            StatusError: 400, 404, or 503 when nobody can be reached.
        """
        http = request.http
        parts = http.rel_url.raw_path.split("/")
        prefix, rest = "/".join(parts[:_PREFIX_PARTS]), parts[_PREFIX_PARTS:]
        path = "/" + "/".join(rest) if rest else ""
        if not path and http.method in ("GET", "HEAD"):  # relative links of a page need the slash
            query = f"?{http.rel_url.raw_query_string}" if http.rel_url.raw_query_string else ""
            return web.Response(status=301, headers={"Location": f"{prefix}/{query}"})
        backend = self._backend(request)
        node = self._node(backend.node)
        if node is None:
            raise _unreachable(backend, "no route to host")
        url = URL.build(
            scheme=backend.scheme,
            host=backend.address,
            port=backend.port,
            path=path or "/",
            query_string=http.rel_url.raw_query_string,
            encoded=True,
        )
        headers = [(name, value) for name, value in http.headers.items() if name.lower() not in _NOT_PASSED_ON]
        headers += [("X-Forwarded-Uri", prefix + path), ("X-Forwarded-Host", http.host), ("X-Forwarded-Proto", "https")]
        async with aiohttp.ClientSession(
            connector=_Connector(node, backend), auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None)
        ) as session:
            try:
                answer = await session.request(
                    http.method,
                    url,
                    headers=headers,
                    data=http.content if http.can_read_body else None,
                    allow_redirects=False,
                    skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                )
            except (OSError, aiohttp.ClientError) as error:
                reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
                raise _unreachable(backend, reason.lower()) from error
            async with answer:
                return await _passed_back(http, answer, prefix, backend)

    def _backend(self, request: ApiRequest) -> _Backend:
        scheme, name, port = _split(request.info.name)
        namespace = request.info.namespace
        if request.resource.plural == "pods":
            return self._pod_backend(self._registry.get(_PODS, name, namespace), port, scheme)
        return self._service_backend(self._registry.get(_SERVICES, name, namespace), port, scheme)

    def _pod_backend(self, pod: Object, port: str, scheme: str) -> _Backend:
        address = pod.get("status", {}).get("podIP", "")
        if not address:
            raise generic(503, "ServiceUnavailable", f"pod {pod['metadata']['name']} has no address yet")
        declared = [p["containerPort"] for c in pod["spec"]["containers"] for p in c.get("ports") or []]
        if port and not port.isdigit():
            raise bad_request(f"invalid port {port!r}: the port of a pod is a number")
        number = int(port) if port else next(iter(declared), 443 if scheme == "https" else 80)
        return _Backend(pod["spec"].get("nodeName", ""), address, number, scheme)

    def _service_backend(self, service: Object, port: str, scheme: str) -> _Backend:
        meta, ports = service["metadata"], service["spec"].get("ports") or []
        if port.isdigit() or (not port and len(ports) == 1):
            match = next((p for p in ports if not port or p["port"] == int(port)), None)
            if match is None:
                raise generic(503, "ServiceUnavailable", f'no service port {port} found for service "{meta["name"]}"')
            port = match.get("name", "")
        selector = parse_label_selector(f"kubernetes.io/service-name={meta['name']}")
        options = ListOptions(matches=lambda obj: selector.matches(obj["metadata"].get("labels") or {}))
        found = [
            _Backend(endpoint.get("nodeName", ""), endpoint["addresses"][0], served["port"], scheme)
            for piece in self._registry.list(_SLICES, meta["namespace"], options).items
            for served in piece.get("ports") or []
            for endpoint in piece.get("endpoints") or []
            if (served.get("name") or "") == port and (endpoint.get("conditions") or {}).get("ready") is not False
        ]
        if not found:
            raise generic(503, "ServiceUnavailable", f'no endpoints available for service "{meta["name"]}"')
        return random.choice(found)


def _split(name: str) -> tuple[str, str, str]:
    """Return (scheme, name, port) of `name`, `name:port` or `scheme:name:port`.

    Example:
        >>> _split("https:web:443")
        ('https', 'web', '443')
    """
    parts = name.split(":")
    if len(parts) == 3 and parts[0] in ("", "http", "https") and parts[1]:
        return parts[0] or "http", parts[1], parts[2]
    if len(parts) <= 2 and parts[0]:
        return "http", parts[0], parts[1] if len(parts) == 2 else ""
    raise bad_request(f'invalid request "{name}"')


def _unreachable(backend: _Backend, reason: str) -> Exception:
    where = f"dial tcp {backend.address}:{backend.port}: connect: {reason}"
    return generic(503, "ServiceUnavailable", f"error trying to reach service: {where}")


async def _passed_back(
    request: web.Request, answer: aiohttp.ClientResponse, prefix: str, backend: _Backend
) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, reason=answer.reason)
    for name, value in answer.headers.items():
        if name.lower() not in _HOP_BY_HOP:
            response.headers.add(name, value)
    if location := answer.headers.get("Location"):
        response.headers["Location"] = _relocated(location, prefix, backend)
    is_page = answer.content_type == "text/html" and "Content-Encoding" not in answer.headers
    if is_page and request.method != "HEAD" and (answer.content_length or 0) <= _PAGE_LIMIT:
        page = _LINK.sub(rb"\g<1>" + prefix.encode() + b"/", await answer.read())
        response.content_length = len(page)
        await response.prepare(request)
        await response.write(page)
    else:
        await response.prepare(request)
        async for chunk in answer.content.iter_chunked(_CHUNK):
            await response.write(chunk)
    await response.write_eof()
    return response


def _relocated(location: str, prefix: str, backend: _Backend) -> str:
    """A redirect to the backend itself goes through the proxy again; one to elsewhere stays as it is."""
    parts = urlsplit(location)
    if parts.netloc and parts.hostname != backend.address:
        return location
    if not parts.netloc and not parts.path.startswith("/"):
        return location
    rest = f"?{parts.query}" if parts.query else ""
    return f"{prefix}/{parts.path.lstrip('/')}{rest}"
