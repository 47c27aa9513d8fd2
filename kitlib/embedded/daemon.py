"""`python -m kitlib.embedded.daemon`: one embedded cluster as a background process.

It holds a lock on its directory for as long as it lives, so there is never a second one on the same state; it reports
its start over a pipe as JSON lines, and ends itself when the start fails.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from kitlib.clock import SystemClock
from kitlib.embedded.server import Server, ServerConfig
from kitlib.errors import EnvironmentProblem, KitError

__all__ = ["main"]


class _Report:
    """The pipe to whoever started us; after `ready` nobody listens any more."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd

    def send(self, **message: Any) -> None:
        if self._fd is None:
            return
        try:
            os.write(self._fd, json.dumps(message).encode() + b"\n")
        except OSError:
            self._fd = None  # the starter has gone; the cluster goes on

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="kitlib.embedded.daemon", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--name", default="default")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--report-fd", type=int)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    report = _Report(arguments.report_fd)
    config = ServerConfig(arguments.directory, arguments.name, arguments.port, arguments.nodes)
    try:
        with FileLock(arguments.directory / "lock", timeout=2.0):
            asyncio.run(_run(config, report))
    except Timeout:
        report.send(error="another process runs this cluster", fix="kit status names it")
        sys.exit(1)
    except KitError as error:
        report.send(error=error.message, fix=error.fix)
        sys.exit(1)
    except Exception as error:
        logging.exception("the cluster failed")
        report.send(error=f"the cluster failed: {error}", fix=f"see {arguments.directory / 'daemon.log'}")
        sys.exit(1)


async def _run(config: ServerConfig, report: _Report) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = Server(config, SystemClock(), progress=lambda step: report.send(progress=step))
    try:
        await server.start()
        ready = {"kubeconfig": str(server.kubeconfig), "context": server.context, "server": server.address}
        _record(config.directory / "daemon.json", ready)
        report.send(ready=ready)
        report.close()
        await stop.wait()
    finally:
        await server.stop()


def _record(path: Path, ready: dict[str, str]) -> None:
    process = psutil.Process()
    temporary = path.with_suffix(".new")
    content = {"pid": process.pid, "started": process.create_time(), "recorded": time.time(), **ready}
    try:
        temporary.write_text(json.dumps(content))
        temporary.rename(path)
    except OSError as error:
        raise EnvironmentProblem(f"{path} can't be written: {error.strerror}", fix="free some disk space") from error


if __name__ == "__main__":
    main()
