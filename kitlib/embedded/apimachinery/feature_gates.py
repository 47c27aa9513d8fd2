"""Feature gates: behaviour that version 1.36 has, but not switched on.

A set of gates is the names of those that are on.
"""

from __future__ import annotations

from collections.abc import Iterable

from kitlib.errors import UsageError

__all__ = ["FEATURE_GATES", "MAX_UNAVAILABLE_STATEFUL_SET", "format_gates", "parse_gates"]

MAX_UNAVAILABLE_STATEFUL_SET = "MaxUnavailableStatefulSet"

# The gates there are, and whether 1.36 has them on.
FEATURE_GATES = {MAX_UNAVAILABLE_STATEFUL_SET: False}


def parse_gates(text: str) -> frozenset[str]:
    """Return the gates that are on.

    Args:
        text: as the components of Kubernetes take it: `Name=true,Other=false`.

    Raises:
        UsageError: a gate that does not exist, or a value that is neither true nor false.

    Example:
        >>> sorted(parse_gates("MaxUnavailableStatefulSet=true"))
        ['MaxUnavailableStatefulSet']
    """
    gates = dict(FEATURE_GATES)
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition("=")
        if name not in gates:
            raise UsageError(f"feature gate {name!r} does not exist", fix=f"choose from {', '.join(FEATURE_GATES)}")
        if value.lower() not in ("true", "false"):
            raise UsageError(f"feature gate {name} is given as {value!r}", fix=f"write {name}=true or {name}=false")
        gates[name] = value.lower() == "true"
    return frozenset(name for name, on in gates.items() if on)


def format_gates(gates: Iterable[str]) -> str:
    """Return the text that `parse_gates` reads."""
    on = set(gates)
    return ",".join(f"{name}={'true' if name in on else 'false'}" for name in FEATURE_GATES)
