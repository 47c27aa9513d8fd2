"""A system-call filter for containers whose root is the only user there is."""

from __future__ import annotations

import platform
import struct

__all__ = ["supplementary_groups_filter"]

_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # BPF: ld [k] as a word, jeq #k, ret #k
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET = 0, 4  # in struct seccomp_data
_ALLOW, _SUCCEED_WITHOUT_DOING = 0x7FFF0000, 0x00050000
# machine -> (AUDIT_ARCH_*, number of setgroups)
_MACHINES = {"x86_64": (0xC000003E, 116), "aarch64": (0xC00000B7, 159)}


def supplementary_groups_filter() -> bytes:
    """Return a seccomp program under which setgroups succeeds and does nothing; b"" on an unknown machine.

    A user namespace made without privileges forbids the call for good. Servers that change their user make it first
    and complain; no group could be gained or given up by it, as none but root's is mapped.
    """
    if platform.machine() not in _MACHINES:
        return b""
    architecture, setgroups = _MACHINES[platform.machine()]
    return b"".join(
        (
            _instruction(_LOAD, _ARCHITECTURE_OFFSET),
            _instruction(_JUMP_IF_EQUAL, architecture, otherwise=3),
            _instruction(_LOAD, _NUMBER_OFFSET),
            _instruction(_JUMP_IF_EQUAL, setgroups, otherwise=1),
            _instruction(_RETURN, _SUCCEED_WITHOUT_DOING),
            _instruction(_RETURN, _ALLOW),
        )
    )


def _instruction(code: int, value: int, *, otherwise: int = 0) -> bytes:
    return struct.pack("HBBI", code, 0, otherwise, value)
