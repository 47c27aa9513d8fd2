"""How a lab's helpers answer a slip: in one line with the cause and the fix, never in a traceback."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from kitlib.errors import KitError, UsageError
from kitlib.lab.notes import Note

if TYPE_CHECKING:
    from kitlib.lab.session import Lab

__all__ = ["checked", "forgiving", "note_of", "render_errors", "shell", "told"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: What an argument may be, by its annotation, and how to say it.
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "a text in quotes"),
    "int | None": ((int, type(None)), "a whole number"),
    "float": ((int, float), "a number"),
    "tuple[str, ...]": ((tuple, list), 'a list of kinds such as ["Pod"]'),
}


def checked(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let a call with wrong arguments raise a `UsageError` that says how to call it."""
    signature = inspect.signature(function)
    names = [name for name in signature.parameters if name != "self"]
    prefix = "lab." if "self" in signature.parameters else ""
    usage = f"write {prefix}{function.__name__}({', '.join(names)})"

    @wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise UsageError(f"{prefix}{function.__name__}: {error}", fix=usage) from None
        for name, value in given.items():
            kinds, said = _KINDS.get(str(signature.parameters[name].annotation), ((object,), ""))
            if not isinstance(value, kinds):
                raise UsageError(f"{prefix}{function.__name__}: {name} must be {said}, not {value!r:.60}", fix=usage)
        return function(*args, **kwargs)

    return call


def forgiving(method: Callable[Concatenate[Lab, _P], _R]) -> Callable[Concatenate[Lab, _P], _R | Note]:
    """Turn errors into notes, so that the notebook goes on; strict mode lets them through."""
    strict = checked(method)

    @wraps(method)
    def call(self: Lab, /, *args: _P.args, **kwargs: _P.kwargs) -> _R | Note:
        try:
            return strict(self, *args, **kwargs)
        except KitError as error:
            if self.strict:
                raise
            return note_of(error)

    return call


def told(method: Callable[Concatenate[Lab, _P], None]) -> Callable[Concatenate[Lab, _P], None]:
    """Print errors, for what is seldom the last line of its cell; strict mode lets them through."""
    strict = checked(method)

    @wraps(method)
    def call(self: Lab, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            strict(self, *args, **kwargs)
        except KitError as error:
            if self.strict:
                raise
            self.echo(f"{error}\n")

    return call


def note_of(error: KitError) -> Note:
    """Return an error as what a lab says."""
    return Note(error.message, f"Fix: {error.fix}" if error.fix else "", tone="bad")


def shell() -> Any:
    """Return the IPython shell we run in, or None; IPython is not imported for it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def render_errors(running: Any) -> None:
    """Let an IPython shell show the kit's errors as notes: the cell still ends there, but without a traceback."""

    def show(self: Any, kind: type, error: KitError, traceback: Any, tb_offset: int | None = None) -> list[str]:
        from IPython.display import display  # noqa: PLC0415 -- only in a shell, which has it loaded

        display(note_of(error))
        return []

    running.set_custom_exc((KitError,), show)
