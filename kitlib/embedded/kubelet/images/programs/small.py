"""`agnhost`'s commands of a few lines: what a pod sees of DNS, and noise for its log."""

from __future__ import annotations

import random
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from .options import parse
from .resolver import read_config

__all__ = ["run_connect", "run_dns_server_list", "run_dns_suffix", "run_etc_hosts", "run_logs_generator"]


def run_dns_suffix(arguments: Sequence[str]) -> int:
    """Print the search list."""
    print(",".join(read_config().search), end="")
    return 0


def run_dns_server_list(arguments: Sequence[str]) -> int:
    """Print the name servers."""
    print(",".join(read_config().servers), end="")
    return 0


def run_etc_hosts(arguments: Sequence[str]) -> int:
    """Print the hosts file."""
    print(Path("/etc/hosts").read_text(), end="")
    return 0


def run_connect(arguments: Sequence[str]) -> int:
    """Connect to host:port and say nothing, or why not."""
    options, targets = parse(arguments)
    host, _, port = targets[0].rpartition(":")
    timeout = options.get("timeout", "0s")
    seconds = float(timeout.removesuffix("ms")) / 1000 if timeout.endswith("ms") else float(timeout.rstrip("s") or 0)
    kind = socket.SOCK_DGRAM if options.get("protocol") == "udp" else socket.SOCK_STREAM
    try:
        address = socket.getaddrinfo(host, int(port), socket.AF_INET, kind)[0][4]
        with socket.socket(type=kind) as client:
            client.settimeout(seconds or None)
            client.connect(address)
            if kind == socket.SOCK_DGRAM:
                client.send(b"hostname")
                client.recv(1024)
    except socket.gaierror as error:
        print(f"DNS: {error}", file=sys.stderr)
    except TimeoutError:
        print("TIMEOUT", file=sys.stderr)
    except ConnectionRefusedError:
        print("REFUSED", file=sys.stderr)
    except OSError as error:
        print(f"OTHER: {error}", file=sys.stderr)
    else:
        return 0
    return 1


def run_logs_generator(arguments: Sequence[str]) -> int:
    """Write so many lines in so much time."""
    options, _ = parse(arguments, flags=["t"])
    lines = int(options.get("log-lines-total") or options.get("lines") or 10)
    duration = options.get("run-duration") or options.get("duration") or "60s"
    seconds = sum(float(number) * factor for number, factor in _parts(duration))
    if lines <= 0 or seconds <= 0:
        print("Invalid arguments", file=sys.stderr)
        return 1
    for number in range(lines):
        verb = random.choice(["GET", "PUT", "POST"])
        path = f"/api/v1/namespaces/{random.choice(['kube-system', 'default', 'ns'])}/pods/{random.randrange(10**4)}"
        now = time.strftime("%m%d %H:%M:%S.000000", time.gmtime())
        print(f"I{now}       1 logs_generator.go:76] {number} {verb} {path} {random.randrange(200, 600)}")
        sys.stdout.flush()
        time.sleep(seconds / lines)
    return 0


def _parts(duration: str) -> list[tuple[str, float]]:
    factors = {"h": 3600.0, "m": 60.0, "s": 1.0}
    parts, number = [], ""
    for letter in duration:
        if letter in factors:
            parts.append((number or "0", factors[letter]))
            number = ""
        else:
            number += letter
    return parts
