"""`kit jupyter`: a cluster, JupyterLab on loopback with a token, and the address to open, printed last."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

import typer

from kitlib.cli.progress import stopwatch
from kitlib.environments.embedded import EmbeddedProvider
from kitlib.errors import EnvironmentProblem
from kitlib.lab.course import Course
from kitlib.settings import settings

__all__ = ["register"]

_START_SECONDS = 60.0
_OPTIONS = (
    "--no-browser",
    "--ip=127.0.0.1",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--ServerApp.open_browser=False",
)


def jupyter(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes 8888 or finds a free one.")] = 0,
) -> None:
    """Start the cluster and JupyterLab with the labs, and print the address to open. Ctrl-C ends JupyterLab."""
    chosen, tell = settings(), stopwatch()
    if chosen.kubeconfig is None:
        EmbeddedProvider().create(chosen.cluster, progress=tell)
    labs = Course.here().root / "labs"
    port = _free_port(port)
    token = secrets.token_urlsafe(24)
    log = chosen.state_dir / "jupyter.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    tell("starting JupyterLab")
    server = _launch(labs, port=port, token=token, log=log)
    address = f"http://127.0.0.1:{port}/lab?token={token}"
    try:
        _await_answer(server, f"http://127.0.0.1:{port}/api?token={token}", log)
        tell("JupyterLab answers; Ctrl-C ends it, the cluster goes on (kit down stops it)")
        typer.echo(f"\nOpen {address}")
        server.wait()
    except KeyboardInterrupt:
        typer.echo("\nJupyterLab has ended; your work is saved in labs/", err=True)
    finally:
        _end(server)


def _launch(labs: Path, *, port: int, token: str, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "jupyterlab", *_OPTIONS, f"--port={port}", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.root_dir={labs}"]
    if os.geteuid() == 0:
        command.append("--allow-root")
    # The token goes by the environment: a command line can be read by every user of the machine.
    environment = {**os.environ, "JUPYTER_TOKEN": token, "KIT_COURSE_DIR": str(labs.parent)}
    with log.open("ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
        )


def _await_answer(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.1)
    raise EnvironmentProblem("JupyterLab did not start", fix=f"read the end of {log}")


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _free_port(wanted: int) -> int:
    for candidate in (wanted,) if wanted else (8888, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", candidate))
            return int(probe.getsockname()[1])
    raise EnvironmentProblem(f"port {wanted} on 127.0.0.1 is taken", fix="pass another --port, or none")


def register(app: typer.Typer) -> None:
    """Add the command to `kit`."""
    app.command()(jupyter)
