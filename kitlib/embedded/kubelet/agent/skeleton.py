"""The lowest layer of every root: empty directories, links into /usr, and a harmless part of the host's /etc."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

__all__ = ["build_skeleton"]

# Rootless overlays create nothing below a directory of a host user: those that programs install into are ours.
_USR = (
    "bin",
    "games",
    "include",
    "lib",
    "libexec",
    "local/bin",
    "local/etc",
    "local/lib",
    "local/sbin",
    "local/share",
    "sbin",
    "share",
    "src",
)
_DIRECTORIES = (
    "dev",
    "etc",
    "home",
    "media",
    "mnt",
    "opt",
    "proc",
    "root",
    "run/lock",
    "srv",
    "sys",
    "tmp",
    *(f"usr/{name}" for name in _USR),
    "var/cache",
    "var/lib",
    "var/log",
    "var/tmp",
)
_FIRST_PERSON, _NOBODY = 1000, 65534
_SHARED_WRITABLE = ("tmp", "var/tmp", "run/lock")
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC_FILES = (
    "bash.bashrc",
    "debian_version",
    "gai.conf",
    "host.conf",
    "ld.so.cache",
    "ld.so.conf",
    "localtime",
    "login.defs",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "profile",
    "protocols",
    "services",
)
_ETC_DIRECTORIES = ("alternatives", "ld.so.conf.d", "ssl", "terminfo")


def build_skeleton(root: Path) -> None:
    """Create the layer; it holds copies only, and nothing of the host's users or secrets."""
    for name in _DIRECTORIES:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in _SHARED_WRITABLE:
        (root / name).chmod(0o1777)
    for name in _MERGED:
        host = Path("/") / name
        if host.is_symlink():
            (root / name).symlink_to(host.readlink())
        elif host.is_dir():
            (root / name).symlink_to(Path("usr") / name)
    (root / "var/run").symlink_to("/run")
    (root / "var/lock").symlink_to("/run/lock")
    _copy_etc(root / "etc")


def _copy_etc(etc: Path) -> None:
    for name in _ETC_FILES:
        with contextlib.suppress(OSError):
            shutil.copyfile(Path("/etc") / name, etc / name)
    for name in ("group", "passwd"):
        lines = (Path("/etc") / name).read_text(errors="replace").splitlines(keepends=True)
        (etc / name).write_text("".join(line for line in lines if _is_system_entry(line)))
    for name in _ETC_DIRECTORIES:
        source = Path("/etc") / name
        if source.is_dir():
            # Unreadable files (private keys) are left out; what could be copied stays.
            with contextlib.suppress(shutil.Error):
                shutil.copytree(source, etc / name, symlinks=True, ignore=shutil.ignore_patterns("private"))
    for name in ("hosts", "hostname", "resolv.conf"):
        (etc / name).touch()
    (etc / "mtab").symlink_to("/proc/self/mounts")


def _is_system_entry(line: str) -> bool:
    """Tell whether a line of passwd or group is about the system, not about a person of this machine."""
    number = line.split(":")[2:3]
    return bool(number) and number[0].isdigit() and (int(number[0]) < _FIRST_PERSON or int(number[0]) == _NOBODY)
