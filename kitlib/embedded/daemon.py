"""`python -m kitlib.embedded.daemon`: one embedded cluster as a background process.

It holds a lock on its directory for as long as it lives, so there is never a second one on the same state. It reports
its start over a pipe as JSON lines, and ends itself when the start fails or nobody waits for it any more.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import gc
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Coroutine, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from kitlib.clock import SystemClock
from kitlib.embedded.apimachinery.feature_gates import parse_gates
from kitlib.embedded.cluster_shape import ClusterShape
from kitlib.embedded.daemon_record import FILE, write_record
from kitlib.embedded.server import Server, ServerConfig
from kitlib.errors import EnvironmentProblem, KitError

__all__ = ["main"]

_LOG_BYTES = 1 << 20
_POD_SECONDS = 10.0
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class _StarterGone(Exception):
    """Whoever started us does not wait for the result."""


class _Report:
    """The pipe to whoever started us; without one, errors go to stderr."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd

    def send(self, **message: Any) -> None:
        """Send one message.

        Raises:
            _StarterGone: nobody reads.
        """
        if self._fd is None:
            return
        try:
            os.write(self._fd, json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise _StarterGone from error

    def fail(self, error: KitError) -> None:
        """Send the reason of a failed start, and log it."""
        logging.error("%s", error)
        try:
            self.send(error=error.message, fix=error.fix)
        except _StarterGone:
            logging.warning("nobody waits for this start any more")

    def close(self) -> None:
        """Close the pipe: the start is over."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until SIGTERM or SIGINT, then give the pods time to end; another signal ends them at once.

    Args:
        arguments: the command line's by default.
    """
    parser = argparse.ArgumentParser(prog="kitlib.embedded.daemon", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--name", default="default")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--hollow-nodes", type=int, default=0)
    parser.add_argument("--node-timeouts", default="real")
    parser.add_argument("--feature-gates", type=parse_gates, default=frozenset())
    parser.add_argument("--report-fd", type=int)
    given = parser.parse_args(arguments)
    report = _Report(given.report_fd)
    try:
        _log_to(given.directory / "daemon.log", foreground=given.report_fd is None)
        config = _config(given)
        with FileLock(given.directory / "lock", timeout=2.0):
            asyncio.run(_run(config, report))
    except Exception as error:
        report.fail(_as_kit_error(error, given.directory))
        sys.exit(1)


def _config(given: argparse.Namespace) -> ServerConfig:
    shape = ClusterShape(given.nodes, given.hollow_nodes, given.node_timeouts)
    return ServerConfig(given.directory, given.name, given.port, shape, given.feature_gates)


def _log_to(path: Path, *, foreground: bool) -> None:
    file = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=1)
    handlers: list[logging.Handler] = [file, logging.StreamHandler()] if foreground else [file]
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, handlers=handlers, format=form)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


def _as_kit_error(error: Exception, directory: Path) -> KitError:
    match error:
        case KitError():
            return error
        case Timeout():
            return EnvironmentProblem(
                f"another process holds {directory / 'lock'}: the cluster runs there, perhaps in a container",
                fix="use it there, end that process, or choose another --name",
            )
        case _StarterGone():
            return EnvironmentProblem("the start was given up", fix="kit up")
        case OSError():
            room = error.errno in _FULL
            return EnvironmentProblem(
                f"the cluster failed: {error}",
                fix="free some disk space" if room else f"check who may use {directory}, then kit doctor",
            )
    logging.error("the cluster failed", exc_info=error)
    return EnvironmentProblem(f"the cluster failed: {error}", fix=f"see {directory / 'daemon.log'}")


async def _run(config: ServerConfig, report: _Report) -> None:
    stop, now = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # every client and every pod takes some
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: (now if stop.is_set() else stop).set())
    # API objects have no cycles: looking for some among a hundred thousand of them, again and again, is wasted.
    gc.set_threshold(50_000, 20, 100)
    server = Server(config, SystemClock(), progress=lambda step: report.send(progress=step))
    try:
        write_record(config.directory, os.getpid())
        await server.start()
        ready = {"kubeconfig": str(server.kubeconfig), "context": server.context, "server": server.address}
        write_record(config.directory, os.getpid(), **ready)
        report.send(ready=ready)
        report.close()
        logging.info("ready on %s", server.address)
        await stop.wait()
        write_record(config.directory, os.getpid())
        await _unless(now, server.shut_down(_POD_SECONDS))
    finally:
        with contextlib.suppress(OSError):
            write_record(config.directory, os.getpid())  # from now on it can't be reached
        await server.stop()
        (config.directory / FILE).unlink(missing_ok=True)


async def _unless(now: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do the work, but give it up when the event comes."""
    tasks: list[asyncio.Task[Any]] = [asyncio.ensure_future(work), asyncio.ensure_future(now.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            logging.error("pods did not end as they should", exc_info=outcome)


if __name__ == "__main__":
    main()
