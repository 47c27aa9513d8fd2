"""The StatefulSet Lab Kit's helper library.

`open_lab` is all a notebook needs. Importing this package is cheap on purpose
(a learner's kernel starts with it): everything else is imported when first used.

Example:
    >>> from kitlib import open_lab
    >>> lab = open_lab("05-volume-claim-templates")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kitlib.lab import open_lab

__all__ = ["__version__", "open_lab"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load `open_lab` on first use, so that `import kitlib` stays under its time budget."""
    if name == "open_lab":
        from kitlib.lab import open_lab  # noqa: PLC0415 -- lazy by design

        return open_lab
    raise AttributeError(f"module 'kitlib' has no attribute {name!r}")
