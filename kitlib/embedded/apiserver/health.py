"""`/healthz`, `/livez` and `/readyz`: `ok`, a list of checks, or one check.

Source: Kubernetes API health endpoints.
"""

from __future__ import annotations

from aiohttp import web

from kitlib.embedded.apimachinery.status import generic

__all__ = ["HEALTH_PATHS", "health_response"]

HEALTH_PATHS = ("healthz", "livez", "readyz")

_CHECKS = (
    "ping",
    "log",
    "etcd",
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/rbac/bootstrap-roles",
)
_READY_ONLY = ("informer-sync", "shutdown")


def health_response(parts: list[str], *, verbose: bool, exclude: list[str]) -> web.Response:
    """Answer a request below one of `HEALTH_PATHS`.

    Who answers at all has read the store and runs its event loop, which is all that can be checked: each check holds.

    Args:
        parts: the parts of the path, such as `["readyz", "ping"]`.
        verbose: tell every check.
        exclude: checks that are left out.

    Raises:
        StatusError: 404, there is no such check.
    """
    checks = _CHECKS + (_READY_ONLY if parts[0] == "readyz" else ())
    if len(parts) > 1:
        if "/".join(parts[1:]) not in checks:
            raise generic(404, "NotFound", "the server could not find the requested resource")
        return web.Response(text="ok")
    if not verbose:
        return web.Response(text="ok")
    lines = [f"[+]{check} {'excluded: ok' if check in exclude else 'ok'}\n" for check in checks]
    lines += [
        f'warn: some health checks cannot be excluded: no matches for "{name}"\n'
        for name in exclude
        if name not in checks
    ]
    return web.Response(text="".join(lines) + f"{parts[0]} check passed\n")
