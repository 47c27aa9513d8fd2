"""The images this node can run: one YAML file each, beside this module."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import yaml

from kitlib.embedded.kubelet.images.reference import ImageReference

__all__ = ["Catalogue", "Image", "ImageNotFound", "Program"]


class ImageNotFound(LookupError):
    """No registry has this image; the text is the one containerd gives."""


@dataclass(frozen=True, slots=True)
class Program:
    """A binary that an image needs: from a Python package, else the system's.

    Args:
        path: where containers see it.
        package: the package that carries it.
        member: its path in the package; `{system}` and `{machine}` are filled in.
        command: its name on the system's PATH.
    """

    path: str
    package: str
    member: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image: its configuration and the files of its one layer.

    `tags` is the pattern of the tags that exist, so that `nginx:broken` is as missing as it is in a real registry.
    `applets` are commands that come from the kit where the machine has none of that name; `python` says that the kit's
    own programs (`/usr/lib/kit/run`) and the Python they need are in the image; an applet that is needed brings them.
    `ash` says that the image's `/bin/sh` is BusyBox's, which knows more than POSIX asks for (`trap … SIGTERM`, `[[`,
    `source`): it is bash here, where the machine has that.
    """

    name: str
    tags: str
    aliases: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    working_dir: str = "/"
    ports: tuple[int, ...] = ()
    stop_signal: str = "SIGTERM"
    programs: tuple[Program, ...] = ()
    directories: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    executables: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    applets: tuple[str, ...] = ()
    python: bool = False
    ash: bool = False

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Image:
        """Build an image from its YAML file."""
        return cls(
            name=data["name"],
            tags=data["tags"],
            aliases=tuple(data.get("aliases", ())),
            entrypoint=tuple(data.get("entrypoint", ())),
            command=tuple(data.get("command", ())),
            env={name: str(value) for name, value in data.get("env", {}).items()},
            working_dir=data.get("workingDir", "/"),
            ports=tuple(data.get("ports", ())),
            stop_signal=data.get("stopSignal", "SIGTERM"),
            programs=tuple(Program(**program) for program in data.get("programs", ())),
            directories=tuple(data.get("directories", ())),
            files=data.get("files", {}),
            executables=data.get("executables", {}),
            links=data.get("links", {}),
            applets=tuple(data.get("applets", ())),
            python=data.get("python", False),
            ash=data.get("ash", False),
        )


class Catalogue:
    """Images by name."""

    def __init__(self, images: list[Image]) -> None:
        self._images = {name: image for image in images for name in (image.name, *image.aliases)}

    @classmethod
    def builtin(cls) -> Catalogue:
        """Read the images that come with the kit."""
        files = resources.files(__package__).iterdir()
        return cls([Image.from_data(yaml.safe_load(f.read_text())) for f in files if f.name.endswith(".yaml")])

    def find(self, reference: ImageReference) -> Image:
        """Return the image of a reference: the name counts from any registry; the tag must look like the image's.

        Raises:
            ImageNotFound: no such name, or no such tag.
        """
        image = self._images.get(reference.name)
        if image is None:
            full = reference.normalized
            raise ImageNotFound(
                f'failed to pull and unpack image "{full}": failed to resolve reference "{full}": '
                "pull access denied, repository does not exist or may require authorization: "
                "server message: insufficient_scope: authorization failed"
            )
        if not re.match(image.tags, reference.tag):
            full = reference.normalized
            raise ImageNotFound(
                f'rpc error: code = NotFound desc = failed to pull and unpack image "{full}": '
                f'failed to resolve reference "{full}": {full}: not found'
            )
        return image
