"""Label selectors, as query strings and as `LabelSelector` objects.

Rules of `apimachinery/pkg/labels`: `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, `k`, `!k`, joined by commas
that mean and. `!=` and `notin` also match where the key is absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.field_selectors import parse_field_selector
from kitlib.embedded.apimachinery.naming import check_label_value, check_qualified_name
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apimachinery.status import bad_request

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "Requirement",
    "Selector",
    "combined",
    "format_label_selector",
    "from_label_selector",
    "of_workload",
    "parse_label_selector",
]

Operator: TypeAlias = Literal["=", "!=", "in", "notin", "exists", "!", ">", "<"]

_TOKEN = re.compile(r"\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+|$)")
_OBJECT_OPERATORS: dict[str, Operator] = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One term of a selector."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether the labels meet this term."""
        value = labels.get(self.key)
        match self.operator:
            case "=" | "in":
                return value is not None and value in self.values
            case "!=" | "notin":
                return value is None or value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
        return value is not None and self._compares(value)

    def _compares(self, value: str) -> bool:
        try:
            left, right = int(value), int(self.values[0])
        except ValueError:
            return False
        return left > right if self.operator == ">" else left < right

    def __str__(self) -> str:
        match self.operator:
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
            case "in" | "notin":
                return f"{self.key} {self.operator} ({','.join(sorted(self.values))})"
        return f"{self.key}{self.operator}{self.values[0]}"


@dataclass(frozen=True, slots=True)
class Selector:
    """Terms that must all hold; printed as the API prints it, for example in a Scale's `status.selector`."""

    requirements: tuple[Requirement, ...] = ()
    never: bool = False

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether the labels meet every term.

        Example:
            >>> parse_label_selector("app=web,tier in (a,b)").matches({"app": "web", "tier": "a"})
            True
        """
        return not self.never and all(requirement.matches(labels) for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


EVERYTHING = Selector()
NOTHING = Selector(never=True)


def from_label_selector(selector: Object | None) -> Selector:
    """Build the selector of a `LabelSelector` object: None matches nothing, an empty one everything.

    Example:
        >>> str(from_label_selector({"matchLabels": {"b": "2", "a": "1"}}))
        'a=1,b=2'
    """
    if selector is None:
        return NOTHING
    terms = [Requirement(key, "=", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    terms += [
        Requirement(term["key"], _OBJECT_OPERATORS[term["operator"]], tuple(term.get("values") or ()))
        for term in selector.get("matchExpressions") or ()
    ]
    return Selector(tuple(sorted(terms, key=lambda term: term.key)))


def of_workload(workload: Object) -> Object | None:
    """Return a workload's selector as a `LabelSelector`; a ReplicationController has just the labels.

    Example:
        >>> of_workload({"kind": "ReplicationController", "spec": {"selector": {"app": "web"}}})
        {'matchLabels': {'app': 'web'}}
    """
    selector: Object | None = workload["spec"].get("selector")
    if workload.get("kind") == "ReplicationController" and selector:
        return {"matchLabels": selector}
    return selector


def format_label_selector(selector: Object | None) -> str:
    """Return a `LabelSelector` object in the form of a query, as in a Scale's `status.selector`.

    Example:
        >>> format_label_selector({"matchExpressions": [{"key": "a", "operator": "In", "values": ["2", "1"]}]})
        'a in (1,2)'
    """
    return str(from_label_selector(selector))


def combined(resource: Resource, *, label_selector: str, field_selector: str) -> Callable[[Object], bool] | None:
    """Return both selectors of a query as one predicate over objects, or None where they select everything.

    Raises:
        StatusError: 400, one of them does not parse.
    """
    labels = parse_label_selector(label_selector)
    fields = parse_field_selector(field_selector, resource.qualified)
    if not labels.requirements and not fields.terms:
        return None
    return lambda obj: labels.matches(objects.labels(obj)) and fields.matches(obj)


@lru_cache(maxsize=256)
def parse_label_selector(text: str) -> Selector:
    """Parse the `labelSelector` of a query.

    Raises:
        StatusError: 400, it does not parse.

    Example:
        >>> str(parse_label_selector("a==1, !b, c"))
        'a=1,!b,c'
    """
    parser = _Parser(text)
    return Selector(tuple(sorted(parser.parse(), key=lambda term: term.key))) if text.strip() else EVERYTHING


class _Parser:
    """A recursive-descent parser over the tokens of one selector."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [found[1] for found in _TOKEN.finditer(text) if found[1]]
        self.position = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def parse(self) -> list[Requirement]:
        terms = [self.requirement()]
        while self.peek():
            self.expect(",")
            terms.append(self.requirement())
        return terms

    def requirement(self) -> Requirement:
        if self.peek() == "!":
            self.next()
            return Requirement(self.key(), "!")
        key = self.key()
        match self.peek():
            case "" | ",":
                return Requirement(key, "exists")
            case "=" | "==" | "!=" as sign:
                self.next()
                return Requirement(key, "!=" if sign == "!=" else "=", (self.value(),))
            case "<" | ">" as sign:
                self.next()
                return Requirement(key, sign, (self.value(),))
            case "in" | "notin" as word:
                self.next()
                return Requirement(key, word, self.values())
        raise self.error("expected: !, in, notin, =, ==, !=, gt, lt")

    def key(self) -> str:
        key = self.next()
        if not key or key in "(),<>=!" or check_qualified_name(key):
            raise self.error("expected: identifier", back=1)
        return key

    def value(self) -> str:
        if self.peek() in ("", ","):
            return ""
        value = self.next()
        if check_label_value(value):
            raise self.error("expected: identifier", back=1)
        return value

    def values(self) -> tuple[str, ...]:
        self.expect("(")
        values = [""] if self.peek() in (",", ")") else [self.value()]
        while self.peek() == ",":
            self.next()
            values.append("" if self.peek() in (",", ")") else self.value())
        self.expect(")")
        return tuple(values)

    def expect(self, token: str) -> None:
        if self.next() != token:
            raise self.error(f"expected: '{token}'", back=1)

    def error(self, wanted: str, *, back: int = 0) -> Exception:
        index = self.position - back
        found = self.tokens[index] if index < len(self.tokens) else ""
        return bad_request(f"unable to parse requirement: found '{found}', {wanted}")
