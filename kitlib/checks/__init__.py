"""Observation -> predicates -> Checkpoint -> Verdict.

All of it is pure, but for the observer, which reads the API and never writes.
"""

from __future__ import annotations

from kitlib.checks.checkpoint import Checkpoint, Criterion, Mode, Predicate
from kitlib.checks.history import History, Life
from kitlib.checks.observation import Observation, Probe, ProbeResult
from kitlib.checks.observer import Observer
from kitlib.checks.quantities import quantity, same_quantity
from kitlib.checks.verdict import CriterionResult, Finding, Outcome, State, Verdict, met, pending, unmet

__all__ = [
    "Checkpoint",
    "Criterion",
    "CriterionResult",
    "Finding",
    "History",
    "Life",
    "Mode",
    "Observation",
    "Observer",
    "Outcome",
    "Predicate",
    "Probe",
    "ProbeResult",
    "State",
    "Verdict",
    "met",
    "pending",
    "quantity",
    "same_quantity",
    "unmet",
]
