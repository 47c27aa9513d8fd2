"""The learner's session in a notebook: open_lab, %%manifest, %kubectl, check, hint, solution, reset."""

from __future__ import annotations

from kitlib.lab.course import Course, LabFiles
from kitlib.lab.opening import open_lab
from kitlib.lab.session import CheckpointNotPassed, Lab
from kitlib.lab.spec import LabSpec, Prediction

__all__ = ["CheckpointNotPassed", "Course", "Lab", "LabFiles", "LabSpec", "Prediction", "open_lab"]
