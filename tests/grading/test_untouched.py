"""A notebook that was run from top to bottom, with nothing written into it, earns nothing."""

import pytest

from kitlib.grading import grade
from kitlib.lab import Course


@pytest.mark.timeout(300)
@pytest.mark.parametrize("slug", ["09", "10"])
def test_a_learners_notebook_as_it_is_handed_out_earns_nothing(slug, tmp_path):
    report = grade(Course.here().lab(slug).notebook, tmp_path / "out")
    print(report)
    assert report.earned == 0 and {str(verdict.outcome) for verdict in report.verdicts} == {"not_attempted"}
