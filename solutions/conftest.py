"""`pytest --nbval-lax solutions/` runs every solved notebook, in strict mode, each on an embedded cluster of its own.

Hooks, not fixtures: nbval's items are no functions, so no fixture is ever set up for them.
"""

import os
import tempfile
from pathlib import Path

import pytest

from kitlib.environments.embedded import EmbeddedProvider
from kitlib.lab import Course
from kitlib.lab.surroundings import kernel_environment

collect_ignore_glob = ["*.py"]

_running = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Before the first cell of a notebook: a cluster such as its lab needs; the kernel inherits this environment."""
    if item.path.suffix == ".ipynb" and not (_running and _running[0] == item.path):
        _end()
        _begin(item.path)


def pytest_sessionfinish(session):
    """Remove the last one."""
    _end()


def _begin(notebook):
    course = Course(Path(__file__).resolve().parent.parent)
    scratch = tempfile.TemporaryDirectory(prefix="kit-nbval-", ignore_cleanup_errors=True)
    home = Path(scratch.name) / "home"
    home.mkdir()
    provider = EmbeddedProvider(Path(scratch.name) / "state")
    spec = course.lab(notebook.parent.name).spec()
    info = provider.create("nbval", nodes=spec.nodes, node_timeouts=spec.node_timeouts)
    _running[:] = [notebook, provider, scratch, dict(os.environ)]
    os.environ.update(kernel_environment(info.kubeconfig, namespace="", course=course.root, home=home, strict=True))


def _end():
    if _running:
        _, provider, scratch, before = _running
        _running.clear()
        os.environ.clear()
        os.environ.update(before)
        provider.delete("nbval")
        scratch.cleanup()
