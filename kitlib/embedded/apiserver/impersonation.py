"""Acting as somebody else: the `Impersonate-*` headers that `kubectl --as` sends.

Source: Kubernetes' documentation of authentication, "User impersonation".
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from kitlib.embedded.apimachinery.status import bad_request, forbidden
from kitlib.embedded.apiserver.authentication import User
from kitlib.embedded.apiserver.authorization import Attributes, Authorizer

__all__ = ["impersonated"]

_USER, _GROUP, _UID, _EXTRA = "impersonate-user", "impersonate-group", "impersonate-uid", "impersonate-extra-"
_AUTHENTICATED, _ANONYMOUS = "system:authenticated", "system:anonymous"
_SERVICE_ACCOUNT = "system:serviceaccount:"


def impersonated(user: User, headers: list[tuple[str, str]], authorizer: Authorizer) -> User:
    """Return who the request is to be done as: `user` itself unless the headers name somebody else.

    Args:
        user: who really asks.
        headers: of the request, as (name, value).
        authorizer: decides whether `user` may `impersonate` each user, group, uid and extra that is named.

    Raises:
        StatusError: 403 when that is not allowed, 400 for headers without a user.
    """
    given = [(name.lower(), value) for name, value in headers if name.lower().startswith("impersonate-")]
    if not given:
        return user
    name = next((value for header, value in given if header == _USER), "")
    if not name:
        raise bad_request(f"requested {dict(given)} without impersonating a user")
    groups = [value for header, value in given if header == _GROUP]
    uid = next((value for header, value in given if header == _UID), "")
    extra: dict[str, list[str]] = {}
    for header, value in given:
        if header.startswith(_EXTRA):
            extra.setdefault(unquote(header.removeprefix(_EXTRA)), []).append(value)
    for wanted in _wanted(name, groups, uid, extra):
        if not authorizer.allowed(user, wanted):
            why = f'User "{user.name}" cannot impersonate resource "{wanted.full_resource}" in API group '
            raise forbidden(wanted.resource, wanted.name, f'{why}"{wanted.group}" at the cluster scope')
    return User(name, _groups(name, groups), uid, extra)


def _wanted(name: str, groups: list[str], uid: str, extra: Mapping[str, list[str]]) -> list[Attributes]:
    """List what must be allowed, each by itself."""
    account = name.removeprefix(_SERVICE_ACCOUNT).split(":") if name.startswith(_SERVICE_ACCOUNT) else []
    if len(account) == 2:
        wanted = [Attributes("impersonate", resource="serviceaccounts", namespace=account[0], name=account[1])]
    else:
        wanted = [Attributes("impersonate", resource="users", name=name)]
    wanted += [Attributes("impersonate", resource="groups", name=group) for group in groups]
    authentication = "authentication.k8s.io"
    if uid:
        wanted.append(Attributes("impersonate", authentication, "uids", name=uid))
    for key, values in extra.items():
        wanted += [Attributes("impersonate", authentication, "userextras", key, name=value) for value in values]
    return wanted


def _groups(name: str, groups: list[str]) -> tuple[str, ...]:
    """Add the groups that every such user is in."""
    if name == _ANONYMOUS:
        return (*groups, "system:unauthenticated")
    if name.startswith(_SERVICE_ACCOUNT) and not groups:
        namespace = name.removeprefix(_SERVICE_ACCOUNT).partition(":")[0]
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    return tuple(groups) if _AUTHENTICATED in groups else (*groups, _AUTHENTICATED)
