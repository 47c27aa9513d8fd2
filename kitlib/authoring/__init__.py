"""From one source per lab to the learner's notebook and the solved one; lint; proof of every checkpoint."""

from __future__ import annotations

from kitlib.authoring.build import build
from kitlib.authoring.course_map import FIELDS, course_pages, coverage
from kitlib.authoring.execute import execute
from kitlib.authoring.lint import lint
from kitlib.authoring.proof import Proven, prove

__all__ = ["FIELDS", "Proven", "build", "course_pages", "coverage", "execute", "lint", "prove"]
