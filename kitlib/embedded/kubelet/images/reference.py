"""Image references: `registry/path/name:tag@digest`."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["ImageReference", "InvalidImageName"]

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"^(?P<path>(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?$"
)


class InvalidImageName(ValueError):
    """The text is not an image reference."""


@dataclass(frozen=True, slots=True)
class ImageReference:
    """A parsed reference.

    Example:
        >>> ImageReference.parse("registry.k8s.io/nginx-slim:0.24").name
        'nginx-slim'
        >>> ImageReference.parse("redis").normalized
        'docker.io/library/redis:latest'
    """

    path: str
    tag: str
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Parse a reference.

        Raises:
            InvalidImageName: it is not one.
        """
        found = _REFERENCE.match(text)
        if found is None:
            raise InvalidImageName(f'couldn\'t parse image name "{text}": invalid reference format')
        return cls(found["path"], found["tag"] or "latest", found["digest"] or "")

    @property
    def name(self) -> str:
        """The last component of the path, which is what the catalogue goes by."""
        return self.path.rpartition("/")[2]

    @property
    def repository(self) -> str:
        """The path with its registry, as container engines complete it."""
        first, slash, _ = self.path.partition("/")
        if not slash:
            return f"docker.io/library/{self.path}"
        if "." in first or ":" in first or first == "localhost":
            return self.path
        return f"docker.io/{self.path}"

    @property
    def normalized(self) -> str:
        """The full form that container engines print."""
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"
