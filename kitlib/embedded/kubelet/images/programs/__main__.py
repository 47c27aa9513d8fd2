"""Starts one of the programs: the first argument is its name, as a shell writes `$0`, the rest its arguments."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from pathlib import PurePosixPath

__all__ = ["main"]

_PROGRAMS = {
    "wget": "transfer",
    "curl": "transfer",
    "nc": "netcat",
    "nslookup": "lookup",
    "dig": "lookup",
    "subdir-provisioner": "provisioner",
}


def main() -> int:
    """Run the program and return its exit code."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # PID 1 gets no signal that it does not handle; 2 is what a Go program ends with there.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(2))
    name = PurePosixPath(sys.argv[1]).name
    module = importlib.import_module(f".{_PROGRAMS.get(name, 'agnhost')}", __package__)
    return int(module.run(sys.argv[1], sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
