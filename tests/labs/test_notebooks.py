import os
import subprocess
import sys

import pytest

from kitlib.lab import Course


@pytest.mark.timeout(300)
@pytest.mark.parametrize("slug", Course.here().slugs())
def test_the_solved_notebooks_pass_nbval_and_leave_nothing_behind(slug, tmp_path):
    files = Course.here().lab(slug)
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", str(files.solution)]
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=files.course, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout[-4000:]
    assert not (tmp_path / ".local" / "state").exists()
