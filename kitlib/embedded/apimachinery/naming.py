"""Names: how they are generated and what makes them valid, with the API server's own texts.

Each `check_*` returns the complaints about a value, an empty list for a valid one, as
`apimachinery/pkg/util/validation`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import TypeAlias

__all__ = [
    "Check",
    "check_config_key",
    "check_dns_label",
    "check_dns_subdomain",
    "check_env_name",
    "check_label_value",
    "check_path_segment",
    "check_port_name",
    "check_port_number",
    "check_qualified_name",
    "generate_name",
    "random_suffix",
]

Check: TypeAlias = Callable[[str], list[str]]

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX_LENGTH = 5
_MAX_BASE = 63 - _SUFFIX_LENGTH

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_NAME_PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_NAME_PART})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"

_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    f"and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
    f"regex used for validation is '{_LABEL}')"
)
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    f"and must start and end with an alphanumeric character (e.g. 'example.com', "
    f"regex used for validation is '{_SUBDOMAIN}')"
)
_NAME_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    f"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_NAME_PART}')"
)
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', "
    f"regex used for validation is '{_LABEL_VALUE}')"
)
_CONFIG_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    f"or 'key-name', regex used for validation is '{_CONFIG_KEY}')"
)


def random_suffix(source: random.Random, length: int = _SUFFIX_LENGTH) -> str:
    """Return random letters and digits that cannot make a word (no vowels, no 0, 1, 3)."""
    return "".join(source.choices(_ALPHABET, k=length))


def generate_name(prefix: str, source: random.Random) -> str:
    """Return `metadata.name` for a `generateName`: the prefix, cut to 58 characters, and five random ones.

    Example:
        >>> generate_name("web-", random.Random(1))[:4]
        'web-'
    """
    return prefix[:_MAX_BASE] + random_suffix(source)


def _matches(pattern: str, text: str, *, limit: int) -> Check:
    compiled = re.compile(pattern)

    def check(value: str) -> list[str]:
        complaints = [] if len(value) <= limit else [f"must be no more than {limit} bytes"]
        if compiled.fullmatch(value) is None:
            complaints.append(text)
        return complaints

    return check


check_dns_label: Check = _matches(_LABEL, _LABEL_TEXT, limit=63)
check_dns_subdomain: Check = _matches(_SUBDOMAIN, _SUBDOMAIN_TEXT, limit=253)
check_label_value: Check = _matches(_LABEL_VALUE, _LABEL_VALUE_TEXT, limit=63)
_check_config_key: Check = _matches(_CONFIG_KEY, _CONFIG_KEY_TEXT, limit=253)


def check_qualified_name(value: str) -> list[str]:
    """Check a label or annotation key: `name` or `example.com/name`.

    Example:
        >>> check_qualified_name("app.kubernetes.io/name")
        []
    """
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        return [
            f"a qualified name {_NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    complaints: list[str] = []
    if slash and not prefix:
        complaints.append("prefix part must be non-empty")
    elif prefix:
        complaints += [f"prefix part {text}" for text in check_dns_subdomain(prefix)]
    if not name:
        complaints.append("name part must be non-empty")
    elif len(name) > 63:
        complaints.append("name part must be no more than 63 bytes")
    if re.fullmatch(_NAME_PART, name) is None:
        complaints.append(f"name part {_NAME_RULE}")
    return complaints


def check_config_key(value: str) -> list[str]:
    """Check a key of a ConfigMap or Secret: also a file name, so no path tricks."""
    complaints = _check_config_key(value)
    if value in (".", ".."):
        complaints.append(f"must not be '{value}'")
    elif value.startswith(".."):
        complaints.append("must not start with '..'")
    return complaints


def check_env_name(value: str) -> list[str]:
    """Check the name of an environment variable."""
    if value and all(" " <= char <= "~" and char != "=" for char in value):
        return []
    return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]


def check_port_name(value: str) -> list[str]:
    """Check an IANA service name, as used for container and target ports.

    Example:
        >>> check_port_name("80")
        ['must contain at least one letter (a-z)']
    """
    complaints = [] if len(value) <= 15 else ["must be no more than 15 characters"]
    if re.fullmatch("[-a-z0-9]+", value) is None:
        complaints.append("must contain only alphanumeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        complaints.append("must contain at least one letter (a-z)")
    if "--" in value:
        complaints.append("must not contain consecutive hyphens")
    if value[:1] == "-" or value[-1:] == "-":
        complaints.append("must not begin or end with a hyphen")
    return complaints


def check_port_number(value: int) -> list[str]:
    """Check a port number."""
    return [] if 1 <= value <= 65535 else ["must be between 1 and 65535, inclusive"]


def check_path_segment(value: str) -> list[str]:
    """Check a name that only has to fit in a path (RBAC names may hold colons)."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{char}'" for char in "/%" if char in value]
