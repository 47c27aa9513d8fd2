"""Capabilities of commands that the agent starts directly; bubblewrap sees to those of containers."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kitlib.embedded.kubelet.agent.syscalls import check

__all__ = ["limit_to", "limited_to", "never_gain"]

_PR_SET_SECUREBITS = 28
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT, _AMBIENT_RAISE, _AMBIENT_CLEAR = 47, 2, 4
_SECBIT_NOROOT = 1
_CAPABILITY_VERSION_3 = 0x20080522
# In the kernel's order: a name's place is its number.
_NAMES = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
    "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT "
    "SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP "
    "MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
)
_NUMBERS = {f"CAP_{name}": number for number, name in enumerate(_NAMES.split())}

_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, argument: int, further: int = 0) -> None:
    check(_libc.prctl(option, argument, further, 0, 0), f"prctl {option}")


def never_gain() -> None:
    """Forbid that any program started from here on, by whomever, has more privileges than its starter."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def limit_to(capabilities: Iterable[str]) -> None:
    """Limit, for good, what programs started from here on can do."""
    numbers = [_NUMBERS[name] for name in capabilities if name in _NUMBERS]
    _set_inheritable(sum(1 << number for number in numbers))
    for number in numbers:
        _prctl(_PR_CAP_AMBIENT, _AMBIENT_RAISE, number)
    _prctl(_PR_SET_SECUREBITS, _SECBIT_NOROOT)


@contextmanager
def limited_to(capabilities: Iterable[str]) -> Iterator[None]:
    """Start programs with these capabilities only, root or not, for the length of the block.

    With "no root" in force a program keeps the ambient capabilities alone; `never_gain` makes that final.
    """
    try:
        limit_to(capabilities)
        yield
    finally:
        _prctl(_PR_SET_SECUREBITS, 0)
        _prctl(_PR_CAP_AMBIENT, _AMBIENT_CLEAR)
        _set_inheritable(0)


def _own() -> int:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("CapPrm:"))
    return int(line.split()[1], 16)


_PERMITTED = _own()


def _set_inheritable(mask: int) -> None:
    halves = []
    for shift in (0, 32):
        own, inheritable = (_PERMITTED >> shift) & 0xFFFFFFFF, (mask >> shift) & 0xFFFFFFFF
        halves.append(struct.pack("III", own, own, inheritable))
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    check(_libc.capset(header, b"".join(halves)), "capset")
