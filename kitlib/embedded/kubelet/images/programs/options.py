"""Command lines in Go's form: `--name=value`, `--name value`, `--flag`."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Options", "parse"]

Options = dict[str, str]


def parse(arguments: Sequence[str], flags: Sequence[str] = ()) -> tuple[Options, list[str]]:
    """Return options by name, and what is no option.

    Args:
        arguments: the command line.
        flags: options that take no value unless it is written with `=`.

    Example:
        >>> parse(["--port=80", "-v", "3", "--udp", "x"], flags=["udp"])
        ({'port': '80', 'v': '3', 'udp': 'true'}, ['x'])
    """
    options: Options = {}
    rest: list[str] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word == "-":
            rest.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not equals:
            value = left.pop(0) if name not in flags and left and not left[0].startswith("--") else "true"
        options[name] = value
    return options, rest
