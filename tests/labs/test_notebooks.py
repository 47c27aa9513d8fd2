import os
import subprocess
import sys

import pytest


@pytest.mark.timeout(180)
def test_the_solved_notebooks_pass_nbval_and_leave_nothing_behind(files, tmp_path):
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "solutions/"]
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=files.course, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout[-4000:]
    assert not (tmp_path / ".local" / "state").exists()
