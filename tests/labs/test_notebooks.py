import subprocess
import sys

import pytest


@pytest.mark.timeout(180)
def test_the_solved_notebooks_pass_nbval(files):
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "solutions/"]
    done = subprocess.run(command, cwd=files.course, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
