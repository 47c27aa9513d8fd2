"""`pytest --nbval-lax solutions/` runs every solved notebook, in strict mode, on one embedded cluster of its own.

Hooks, not fixtures: nbval's items are no functions, so no fixture is ever set up for them.
"""

import os
import tempfile
from pathlib import Path

from kitlib.environments.embedded import EmbeddedProvider
from kitlib.lab import Course
from kitlib.lab.surroundings import kernel_environment

collect_ignore_glob = ["*.py"]

_running = []


def pytest_collection_finish(session):
    """Start the cluster once it is known that there is a notebook to run; kernels inherit this environment."""
    if session.config.option.collectonly or not any(item.path.suffix == ".ipynb" for item in session.items):
        return
    course = Course(Path(__file__).resolve().parent.parent)
    scratch = tempfile.TemporaryDirectory(prefix="kit-nbval-", ignore_cleanup_errors=True)
    home = Path(scratch.name) / "home"
    home.mkdir()
    provider = EmbeddedProvider(Path(scratch.name) / "state")
    info = provider.create("nbval")
    _running.append((provider, scratch, dict(os.environ)))
    os.environ.update(kernel_environment(info.kubeconfig, namespace="", course=course.root, home=home, strict=True))


def pytest_sessionfinish(session):
    """Remove all of it."""
    while _running:
        provider, scratch, before = _running.pop()
        os.environ.clear()
        os.environ.update(before)
        provider.delete("nbval")
        scratch.cleanup()
