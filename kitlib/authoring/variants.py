"""A solution is written for who has no seed; this makes that of another student's variant. Pure."""

from __future__ import annotations

import re

from kitlib.lab import LabSpec

__all__ = ["PROVED_SEEDS", "in_variant", "seeds"]

#: The variants in which a lab is proved, beside that of who has no seed.
PROVED_SEEDS = ("anna", "ben")


def seeds(spec: LabSpec) -> tuple[str, ...]:
    """Return the seeds to prove a lab with: several only where they make a difference."""
    return ("", *PROVED_SEEDS) if spec.values("") else ("",)


def in_variant(text: str, spec: LabSpec, seed: str) -> str:
    """Return a text with the values of who has no seed replaced by those of a seed.

    A value is found where it stands as a word, also between dashes, as in `cargo-harbour-0`.

    Args:
        text: a manifest or a cell's code.
        spec: of the lab.
        seed: of the student.
    """
    here, there = spec.values(""), spec.values(seed)
    new = {value: there[name] for name, value in here.items()}
    if not seed or not new:
        return text
    # The longest first: one value may be the beginning of another.
    words = "|".join(re.escape(value) for value in sorted(new, key=len, reverse=True))
    return re.sub(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", lambda found: new[found[0]], text)
