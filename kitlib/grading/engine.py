"""Runs a notebook with papermill, and calls the judge from nbclient's hooks. Imported only when something is graded."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from kitlib.grading.judge import Judge
from kitlib.grading.sandbox import Sandbox

__all__ = ["run"]

_KILL_SECONDS = 10.0


def run(
    notebook: Path,
    output: Path,
    *,
    judge: Judge,
    environment: Mapping[str, str],
    sandbox: Sandbox,
    cell_timeout: float,
    timeout: float,
) -> str:
    """Execute `notebook` into `output` and return what stopped it, or an empty text.

    Errors in cells do not stop it; a dead kernel and the end of the time do.
    """
    # jsonschema spends two seconds at import on a grammar for a format that notebooks do not use; it can do without.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from papermill.engines import papermill_engines  # noqa: PLC0415 -- slow, and for graders only
    from papermill.exceptions import PapermillExecutionError  # noqa: PLC0415
    from papermill.execute import execute_notebook  # noqa: PLC0415

    session = _Session(judge, environment, sandbox, cell_timeout=cell_timeout, timeout=timeout)
    papermill_engines.register("kit", session)
    try:
        execute_notebook(
            str(notebook),
            str(output),
            engine_name="kit",
            kernel_name="python3",
            progress_bar=False,
            cwd=str(sandbox.work),
        )
    except PapermillExecutionError:
        pass  # A cell has raised: that is the student's affair, and in the executed notebook.
    except Exception as error:  # Whatever broke the run, what was done until then is still judged.
        return session.stopped or f"the run broke off: {type(error).__name__}: {error}"
    finally:
        session.end()
    return session.stopped


class _Session:
    """One run, in the shape of a papermill engine."""

    def __init__(
        self, judge: Judge, environment: Mapping[str, str], sandbox: Sandbox, *, cell_timeout: float, timeout: float
    ) -> None:
        self.judge = judge
        self.sandbox = sandbox
        self.environment = dict(environment)
        self.cell_timeout = cell_timeout
        self.timeout = timeout
        self.stopped = ""
        self._deadline = time.monotonic() + timeout
        self._client: Any = None
        self._known: list[psutil.Process] = []
        self._timer = threading.Timer(timeout, self._time_is_up)
        self._timer.daemon = True

    def nb_kernel_name(self, nb: Any, name: str | None = None) -> str:
        """Return the kernel to use: always ours, whatever the notebook asks for."""
        return name or "python3"

    def nb_language(self, nb: Any, language: str | None = None) -> str:
        """Return the notebook's language."""
        return language or "python"

    def execute_notebook(self, nb: Any, kernel_name: str, output_path: str | None = None, **_: Any) -> Any:
        """Execute all cells; papermill calls this."""
        from papermill.clientwrap import PapermillNotebookClient  # noqa: PLC0415
        from papermill.engines import NotebookExecutionManager  # noqa: PLC0415

        manager = NotebookExecutionManager(nb, output_path=output_path, progress_bar=False)
        self._client = PapermillNotebookClient(
            manager,
            km=self.sandbox.kernel_manager(),
            kernel_name=kernel_name,
            timeout=int(self.cell_timeout),
            startup_timeout=60,
            interrupt_on_timeout=True,
            allow_errors=True,
            shutdown_kernel="immediate",
            on_notebook_start=self._on_start,
            on_cell_start=self._on_cell_start,
            on_cell_executed=self._on_cell_executed,
        )
        manager.notebook_start()
        self._timer.start()
        try:
            # What the kernel writes past IPython must not look like something the grader says.
            nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            self._client.execute(env=self.environment, cleanup_kc=True, **nowhere)
        finally:
            self._kill()
            manager.cleanup_pbar()
            manager.notebook_complete()
        return manager.nb

    def end(self) -> None:
        """Stop the clock."""
        self._timer.cancel()

    def _on_cell_start(self, cell: Any, cell_index: int) -> None:
        if time.monotonic() >= self._deadline:
            self._time_is_up()
            raise TimeoutError(self.stopped)
        self.judge.reached(cell_index)

    def _on_cell_executed(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        self.judge.executed()

    def _time_is_up(self) -> None:
        """Kill the kernel and all it has started: a student's loop may ignore an interrupt."""
        self.stopped = f"stopped after {self.timeout:g} s, the time for one submission"
        self._kill()

    async def _on_start(self, **_: Any) -> None:
        self._inside()

    def _inside(self) -> list[psutil.Process]:
        """Return bubblewrap and the first process inside; the kernel manager forgets them when it shuts down."""
        provisioner = getattr(getattr(self._client, "km", None), "provisioner", None)
        if pid := getattr(provisioner, "pid", None):
            with suppress(psutil.NoSuchProcess):
                outer = psutil.Process(pid)
                self._known = [outer, *outer.children()]
        return self._known

    def _kill(self) -> None:
        """End the sandbox, and wait until its first process has gone: the kernel ends all the others before."""
        processes = self._inside()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + _KILL_SECONDS
        while any(map(_lives, processes)) and time.monotonic() < deadline:
            time.sleep(0.01)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
