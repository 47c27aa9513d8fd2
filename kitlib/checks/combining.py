"""One criterion of several predicates. Pure."""

from __future__ import annotations

from kitlib.checks.checkpoint import Predicate
from kitlib.checks.observation import Observation
from kitlib.checks.verdict import Finding, State

__all__ = ["every"]

_WORST = (State.UNMET, State.PENDING, State.MET)


def every(*predicates: Predicate) -> Predicate:
    """Want all of these: the finding is the worst of them, and shows only what is not met unless all is.

    Example:
        >>> from kitlib.checks.levels import service_headless
        >>> both = every(service_headless("web"), service_headless("db"))
        >>> both(Observation("lab")).observed
        'no Service web; no Service db'
    """

    def test(observation: Observation) -> Finding:
        findings = [predicate(observation) for predicate in predicates]
        state = next(one for one in _WORST if any(finding.state is one for finding in findings))
        shown = [finding for finding in findings if finding.state is state]
        observed, wanted = ("; ".join(dict.fromkeys(texts)) for texts in zip(*map(_texts, shown), strict=True))
        return Finding(state, observed, wanted)

    return test


def _texts(finding: Finding) -> tuple[str, str]:
    return finding.observed, finding.wanted
