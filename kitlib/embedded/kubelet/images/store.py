"""The node's image store: layers unpacked from the catalogue, once per program version."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from kitlib.embedded.kubelet.images.catalogue import Catalogue, Image, ImageNotFound, Program
from kitlib.embedded.kubelet.images.interpreter import Interpreter, install
from kitlib.embedded.kubelet.images.reference import ImageReference
from kitlib.embedded.kubelet.runtime import Mount

__all__ = ["ImageStore", "PulledImage"]

_USERLAND = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class PulledImage:
    """An image on this node.

    Args:
        image: its configuration.
        reference: the full name, as container statuses show it.
        id: `repository@sha256:digest#program`, where the program is the one that really runs.
        layers: directories, lowest first.
        size: bytes of the layer.
        mounts: parts of the machine that are in the image without having been copied.
    """

    image: Image
    reference: str
    id: str
    layers: tuple[Path, ...]
    size: int
    mounts: tuple[Mount, ...] = ()


class ImageStore:
    """Unpacks images below a directory, which must belong to the kit alone.

    Args:
        directory: where layers are kept between runs.
        catalogue: what can be pulled.
    """

    def __init__(self, directory: Path, catalogue: Catalogue | None = None) -> None:
        self._directory = directory
        self._catalogue = catalogue or Catalogue.builtin()
        self._unpacking: dict[str, asyncio.Task[tuple[str, Path, int]]] = {}
        self._present: set[str] = set()
        self._interpreter = Interpreter.own()

    def is_present(self, reference: str) -> bool:
        """Tell whether this very reference has been pulled."""
        return reference in self._present

    async def pull(self, text: str) -> PulledImage:
        """Return an image, unpacked if need be.

        Raises:
            InvalidImageName: the text is not an image reference.
            ImageNotFound: no registry has it.
            OSError: there is no room for it.
        """
        reference = ImageReference.parse(text)
        image = self._catalogue.find(reference)
        digest, layer, size = await self._unpacked(image)
        self._present.add(text)
        program = image.programs[0].command if image.programs else "sh"
        image_id = f"{reference.repository}@sha256:{digest}#{program}"
        mounts = self._interpreter.mounts if _needs_python(image) else ()
        return PulledImage(image, reference.normalized, image_id, (layer,), size, mounts)

    async def _unpacked(self, image: Image) -> tuple[str, Path, int]:
        """Unpack once for all who ask; it goes on when one of them is gone: its thread does so anyway."""
        task = self._unpacking.get(image.name)
        if task is None:
            task = self._unpacking[image.name] = asyncio.create_task(asyncio.to_thread(self._unpack, image))
            task.add_done_callback(lambda done: self._forget(image.name, done))
        return await asyncio.shield(task)

    def _forget(self, name: str, done: asyncio.Task[tuple[str, Path, int]]) -> None:
        """Let the next one try again what failed."""
        if done.cancelled() or done.exception() is not None:
            self._unpacking.pop(name, None)

    def _unpack(self, image: Image) -> tuple[str, Path, int]:
        programs = [(program, _locate(image, program)) for program in image.programs]
        applets = _missing(image)
        digest = hashlib.sha256(repr((image, applets, _shell(image))).encode())
        if _needs_python(image):
            digest.update(self._interpreter.fingerprint())
        for _, source in programs:
            with source.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        layer = self._directory / f"{image.name}-{digest.hexdigest()[:16]}"
        if not layer.exists():
            self._build(layer, image, programs, applets)
        size = sum(source.stat().st_size for _, source in programs)
        return digest.hexdigest(), layer, size

    def _build(self, layer: Path, image: Image, programs: list[tuple[Program, Path]], applets: list[str]) -> None:
        building = layer.with_name(f"{layer.name}.{os.getpid()}")
        shutil.rmtree(building, ignore_errors=True)
        try:
            self._fill(building, image, programs, applets)
            building.rename(layer)  # a layer appears whole or not at all
        except OSError:
            shutil.rmtree(building, ignore_errors=True)
            raise

    def _fill(self, building: Path, image: Image, programs: list[tuple[Program, Path]], applets: list[str]) -> None:
        building.mkdir(parents=True)
        for directory in image.directories:
            (building / directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for path, text in (image.files | image.executables).items():
            target = building / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            target.chmod(0o755 if path in image.executables else 0o644)
        for program, source in programs:
            target = building / program.path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o755)
        for path, destination in image.links.items():
            (building / path.lstrip("/")).symlink_to(destination)
        if shell := _shell(image):
            target = building / "usr/bin/sh"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(shell)
        if _needs_python(image):
            install(building, self._interpreter, applets)


def _missing(image: Image) -> list[str]:
    """Return the applets that the machine has no command for."""
    return [name for name in image.applets if shutil.which(name, path=_USERLAND) is None]


def _shell(image: Image) -> str | None:
    """Return what the image's `/bin/sh` is, if it is not the machine's."""
    return shutil.which("bash", path=_USERLAND) if image.ash else None


def _needs_python(image: Image) -> bool:
    return image.python or bool(_missing(image))


def _locate(image: Image, program: Program) -> Path:
    spec = importlib.util.find_spec(program.package)
    machine = platform.machine().lower()
    member = program.member.format(system=platform.system().lower(), machine=_MACHINES.get(machine, machine))
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        candidate = Path(folder) / member
        if candidate.exists():
            return candidate
    found = shutil.which(program.command)
    if found is None:
        raise ImageNotFound(f"image {image.name} needs {program.command}: install the package {program.package}")
    return Path(found).resolve()
