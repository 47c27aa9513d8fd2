"""The commands of Kubernetes' own test image that need more than a shell."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

__all__ = ["run"]

_COMMANDS = {
    "connect": "small",
    "dns-server-list": "small",
    "dns-suffix": "small",
    "entrypoint-tester": "small",
    "etc-hosts": "small",
    "grpc-health-checking": "grpc_health",
    "guestbook": "guestbook",
    "liveness": "servers",
    "logs-generator": "small",
    "mounttest": "mounttest",
    "netexec": "netexec",
    "nettest": "servers",
    "porter": "servers",
    "serve-hostname": "servers",
}


def run(name: str, arguments: Sequence[str]) -> int:
    """Run the command that the first argument names."""
    command = arguments[0] if arguments else ""
    if command not in _COMMANDS:
        print(f'Error: unknown command "{command}" for "app"', file=sys.stderr)
        return 1
    module = importlib.import_module(f".{_COMMANDS[command]}", __package__)
    if command == "entrypoint-tester":
        print(f"[{' '.join((name, *arguments))}]")
        return 0
    return int(getattr(module, f"run_{command.replace('-', '_')}")(list(arguments[1:])))
