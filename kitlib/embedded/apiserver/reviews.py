"""Questions instead of objects: access reviews, self review, token review. Answered, never stored."""

from __future__ import annotations

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError, invalid
from kitlib.embedded.apiserver.authentication import ISSUER, ServiceAccountTokens, User
from kitlib.embedded.apiserver.authorization import Attributes, Authorizer

__all__ = ["Reviews"]


class Reviews:
    """Answers every virtual resource.

    Args:
        authorizer: who may do what.
        tokens: who a token is.
    """

    def __init__(self, authorizer: Authorizer, tokens: ServiceAccountTokens) -> None:
        self._authorizer, self._tokens = authorizer, tokens

    def answer(self, kind: str, review: Object, user: User, *, namespace: str = "") -> Object:
        """Return `review` with its status filled in.

        Args:
            kind: for example `SelfSubjectAccessReview`.
            review: the posted object.
            user: who asks.
            namespace: the namespace of the request, for a review that has one.

        Raises:
            StatusError: 422 when the review lacks what it needs.
        """
        spec = review.get("spec") or {}
        review.setdefault("metadata", {})["creationTimestamp"] = None
        if kind == "SelfSubjectReview":
            review["status"] = {"userInfo": user.info}
        elif kind == "TokenReview":
            review["status"] = self._token(spec.get("token", ""), spec.get("audiences") or [ISSUER])
        elif kind == "SelfSubjectRulesReview":
            review["status"] = self._rules(spec.get("namespace", ""), user)
        else:
            if kind == "LocalSubjectAccessReview":
                _check_namespace(spec, namespace)
            subject = user if kind == "SelfSubjectAccessReview" else _subject(spec)
            allowed = self._authorizer.allowed(subject, _attributes(kind, spec))
            review["status"] = {"allowed": allowed}
        return review

    def _token(self, token: str, asked: list[str]) -> Object:
        """A token is good for the audiences asked about that it is meant for; at least one."""
        found = self._tokens.authenticate(token, asked)
        if found is None:
            return {"user": {}, "error": "invalid bearer token"}
        audiences = [audience for audience in asked if self._tokens.authenticate(token, [audience])]
        return {"authenticated": True, "user": found.info, "audiences": audiences}

    def _rules(self, namespace: str, user: User) -> Object:
        rules = list(self._authorizer.rules(user, namespace))
        if "system:masters" in user.groups:
            everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
            rules = [everything, {"verbs": ["*"], "nonResourceURLs": ["*"]}]
        return {
            "resourceRules": [r for r in rules if r.get("resources")],
            "nonResourceRules": [r for r in rules if r.get("nonResourceURLs")],
            "incomplete": False,
        }


def _check_namespace(spec: Object, namespace: str) -> None:
    """A local review asks about its own namespace and nothing else."""
    attributes = spec.get("resourceAttributes") or {}
    errors = []
    if attributes.get("namespace", "") != namespace:
        detail = f"must match metadata.namespace: {namespace}"
        shown = f'"{attributes.get("namespace", "")}"'
        errors.append(FieldError("FieldValueInvalid", "spec.resourceAttributes.namespace", detail, shown))
    if spec.get("nonResourceAttributes"):
        detail = "disallowed on this kind of request"
        errors.append(FieldError("FieldValueInvalid", "spec.nonResourceAttributes", detail, "{}"))
    if errors:
        raise invalid("LocalSubjectAccessReview.authorization.k8s.io", "", errors)


def _subject(spec: Object) -> User:
    return User(spec.get("user", ""), tuple(spec.get("groups") or ()), spec.get("uid", ""))


def _attributes(kind: str, spec: Object) -> Attributes:
    if wanted := spec.get("resourceAttributes"):
        return Attributes(
            verb=wanted.get("verb", ""),
            group=wanted.get("group", ""),
            resource=wanted.get("resource", ""),
            subresource=wanted.get("subresource", ""),
            namespace=wanted.get("namespace", ""),
            name=wanted.get("name", ""),
        )
    if wanted := spec.get("nonResourceAttributes"):
        return Attributes(verb=wanted.get("verb", ""), path=wanted.get("path", ""))
    detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
    error = FieldError("FieldValueInvalid", "spec.resourceAttributes", detail, "null")
    raise invalid(f"{kind}.authorization.k8s.io", "", [error])
