"""Why a component did, or did not do, something: one sentence per decision, kept for the learner to read.

A real cluster throws these reasons away. Here every decision core returns them beside its actions.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.resources import RESOURCES

__all__ = ["Decision", "Explanations", "Reason"]

_CLUSTER_SCOPED = frozenset(resource.kind.lower() for resource in RESOURCES if not resource.namespaced)


@dataclass(frozen=True, slots=True)
class Reason:
    """One decision about one object, at this moment.

    Args:
        subject: the object it is about, such as `pod/web-2`.
        text: a sentence, such as `web-2 is not created: web-1 is not Ready, policy OrderedReady`.
    """

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A reason, and how long it held.

    Args:
        component: who decided, such as `statefulset-controller`.
        text: the sentence.
        since: when it was first given.
        until: when it was no longer given; None while it holds.
    """

    component: str
    text: str
    since: datetime
    until: datetime | None = None


class Explanations:
    """The decisions about every object, oldest first, bounded in number.

    Args:
        clock: stamps the decisions.
        history: how many decisions about one object are kept.
        limit: of how many objects.

    Example:
        >>> from kitlib.clock import SystemClock
        >>> explanations = Explanations(SystemClock())
        >>> explanations.record("default-scheduler", "default/web-0", [Reason("pod/web-0", "web-0 goes to node-1")])
        >>> [decision.text for decision in explanations.about("default", "pod/web-0")]
        ['web-0 goes to node-1']
    """

    def __init__(self, clock: Clock, *, history: int = 50, limit: int = 2000) -> None:
        self._clock, self._history, self._limit = clock, history, limit
        self._by_subject: OrderedDict[tuple[str, str], list[Decision]] = OrderedDict()
        self._standing: OrderedDict[tuple[str, str], tuple[Reason, ...]] = OrderedDict()

    def record(self, component: str, key: str, reasons: Iterable[Reason]) -> None:
        """Keep what `component` decides now about the object `key` (`namespace/name`) and all that belongs to it.

        What it decided before and does not repeat has ended; the same reasons as last time add nothing.
        """
        reasons = tuple(reasons)
        before = self._standing.pop((component, key), ())
        if reasons:
            self._standing[component, key] = reasons
            if len(self._standing) > self._limit:
                self._standing.popitem(last=False)
        if before == reasons:
            return
        namespace = objects.split_key(key)[0]
        for reason in before:
            if reason not in reasons:
                self._end(component, namespace, reason)
        for reason in reasons:
            if reason not in before:
                self._begin(component, namespace, reason)

    def about(self, namespace: str, subject: str) -> tuple[Decision, ...]:
        """Return what was decided about an object, oldest first; the namespace of a cluster-scoped one is ""."""
        return tuple(self._by_subject.get((namespace, subject), ()))

    def _begin(self, component: str, namespace: str, reason: Reason) -> None:
        where = _where(namespace, reason)
        decisions = self._by_subject.setdefault(where, [])
        self._by_subject.move_to_end(where)
        decisions.append(Decision(component, reason.text, self._clock.now()))
        del decisions[: -self._history]
        if len(self._by_subject) > self._limit:
            self._by_subject.popitem(last=False)

    def _end(self, component: str, namespace: str, reason: Reason) -> None:
        decisions = self._by_subject.get(_where(namespace, reason), [])
        for index, decision in enumerate(decisions):
            if decision.until is None and (decision.component, decision.text) == (component, reason.text):
                decisions[index] = replace(decision, until=self._clock.now())


def _where(namespace: str, reason: Reason) -> tuple[str, str]:
    kind = reason.subject.partition("/")[0]
    return "" if kind in _CLUSTER_SCOPED else namespace, reason.subject
