"""`pytest --nbval-lax solutions/` runs every solved notebook, in strict mode, on one embedded cluster of its own."""

import os
import tempfile
from pathlib import Path

import pytest

from kitlib.environments.embedded import EmbeddedProvider
from kitlib.lab import Course
from kitlib.lab.surroundings import kernel_environment

collect_ignore_glob = ["*.py"]


@pytest.fixture(scope="session", autouse=True)
def cluster():
    """The kernels that nbval starts inherit this process's environment."""
    course = Course(Path(__file__).resolve().parent.parent)
    with tempfile.TemporaryDirectory(prefix="kit-nbval-", ignore_cleanup_errors=True) as scratch:
        home = Path(scratch) / "home"
        home.mkdir()
        provider = EmbeddedProvider(Path(scratch) / "state")
        info = provider.create("nbval")
        before = dict(os.environ)
        os.environ.update(kernel_environment(info.kubeconfig, namespace="", course=course.root, home=home, strict=True))
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
            provider.delete("nbval")
