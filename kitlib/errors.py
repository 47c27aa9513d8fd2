"""The kit's one error tree: every error a user can cause says what, why and how to mend it in one line."""

from __future__ import annotations

__all__ = ["ClusterError", "EnvironmentProblem", "KitError", "LabError", "UsageError"]


class KitError(Exception):
    """Base of every error the kit raises on purpose.

    Args:
        message: one line that names the thing and the cause.
        fix: one line that says what to do about it, or empty.

    Example:
        >>> str(KitError("port 6443 is taken", fix="stop the other server, or pass --port 0"))
        'port 6443 is taken. Fix: stop the other server, or pass --port 0'
    """

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}. Fix: {self.fix}" if self.fix else self.message


class UsageError(KitError):
    """The user asked for something that cannot be: an unknown name, a bad value."""


class EnvironmentProblem(KitError):
    """The machine lacks something the kit needs (user namespaces, disk, a free port)."""


class ClusterError(KitError):
    """A cluster does not answer, or did not do in time what it was asked."""


class LabError(KitError):
    """A lab's files or its state are not usable."""
