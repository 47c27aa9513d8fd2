"""Runs submissions on clusters of their own and judges them in the grader's process."""

from __future__ import annotations

from kitlib.grading.grade import grade, verify
from kitlib.grading.report import GradeReport

__all__ = ["GradeReport", "grade", "verify"]
