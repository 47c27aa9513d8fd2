"""Room by force: which pods of lower priority would have to go. Source: kube-scheduler's plugin `DefaultPreemption`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kitlib.embedded.apimachinery import objects, selectors
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.scheduler.cycle import Candidate, Cycle
from kitlib.embedded.scheduler.filters import Rejection
from kitlib.embedded.scheduler.messages import fit_message
from kitlib.embedded.scheduler.node_info import NodeInfo, PodInfo

__all__ = ["Eviction", "Preemption", "why_not_eligible"]

_UNHELPFUL = Rejection(("Preemption is not helpful for scheduling",), final=True)
_NO_VICTIMS = Rejection(("No preemption victims found for incoming pod",), final=True)


@dataclass(frozen=True, slots=True)
class Eviction:
    """What would make room on one node.

    Args:
        node: its name.
        victims: the pods to remove, the most important first.
        violations: how many of them disruption budgets protect.
    """

    node: str
    victims: tuple[PodInfo, ...]
    violations: int

    @property
    def cost(self) -> tuple[object, ...]:
        """Less is better: violations, the highest priority, the sum of priorities, how many, how long they ran."""
        priorities = [victim.priority for victim in self.victims]
        return (
            self.violations,
            max(priorities),
            sum(priority + 2**31 for priority in priorities),
            len(self.victims),
            _Latest(min(_started(v) for v in self.victims if v.priority == max(priorities))),
            self.node,
        )


@dataclass(frozen=True, slots=True, order=False)
class _Latest:
    """Sorts the later start first."""

    started: str

    def __lt__(self, other: _Latest) -> bool:
        return self.started > other.started


def why_not_eligible(pod: Object, nodes: Collection[NodeInfo]) -> str:
    """Return why this pod may not remove others (any more), or `""`."""
    if pod["spec"].get("preemptionPolicy") == "Never":
        return "not eligible due to preemptionPolicy=Never."
    nominated = (pod.get("status") or {}).get("nominatedNodeName")
    own = PodInfo.of(pod).priority
    promised = next((info for info in nodes if info.name == nominated), None)
    if promised and any(objects.is_terminating(p.pod) and p.priority < own for p in promised.pods.values()):
        return "not eligible due to terminating pod on the nominated node."
    return ""


class Preemption:
    """Tries on copies of the nodes what removing pods would help.

    Args:
        candidate: the pod that found no place.
        nodes: all of them.
        budgets: the PodDisruptionBudgets.
    """

    def __init__(self, candidate: Candidate, nodes: Sequence[NodeInfo], budgets: Sequence[Object]) -> None:
        self._candidate, self._nodes, self._budgets = candidate, nodes, budgets

    def choose(self, rejections: Mapping[str, Rejection]) -> tuple[Eviction | None, str]:
        """Return the least harmful eviction, or None and why none helps.

        Args:
            rejections: of every node, by name.
        """
        found: list[Eviction] = []
        failures: dict[str, Rejection] = {}
        for info in self._nodes:
            outcome = _UNHELPFUL if rejections[info.name].final else self._try(info)
            if isinstance(outcome, Eviction):
                found.append(outcome)
            else:
                failures[info.name] = outcome
        if found:
            return min(found, key=lambda eviction: eviction.cost), ""
        return None, fit_message(len(self._nodes), failures.values())

    def _try(self, info: NodeInfo) -> Eviction | Rejection:
        own = self._candidate.info.priority
        lower = [pod for pod in info.pods.values() if pod.priority < own]
        if not lower:
            return _NO_VICTIMS
        trial = info.copy()
        for pod in lower:
            trial.remove(pod.uid)
        if rejection := self._rejection(trial):
            return rejection
        victims: list[PodInfo] = []
        violations = 0
        protected = self._protected(lower)
        # Whoever can stay stays: first those that a budget protects, then by importance.
        for pod in sorted(lower, key=lambda p: (p.uid not in protected, -p.priority, _started(p))):
            trial.add(pod)
            if self._rejection(trial):
                trial.remove(pod.uid)
                victims.append(pod)
                violations += pod.uid in protected
        victims.sort(key=lambda p: (-p.priority, _started(p)))
        return Eviction(info.name, tuple(victims), violations) if victims else _NO_VICTIMS

    def _rejection(self, trial: NodeInfo) -> Rejection | None:
        nodes = [trial if info.name == trial.name else info for info in self._nodes]
        return Cycle(self._candidate, nodes).rejection(trial)

    def _protected(self, pods: Sequence[PodInfo]) -> set[str]:
        """Return the pods whose removal their budgets do not allow, by UID."""
        allowed = {objects.uid(b): int((b.get("status") or {}).get("disruptionsAllowed", 0)) for b in self._budgets}
        protected: set[str] = set()
        for pod in sorted(pods, key=lambda p: (-p.priority, _started(p))):
            for budget in self._budgets:
                selector = selectors.from_label_selector(budget["spec"].get("selector"))
                same = objects.namespace(budget) == objects.namespace(pod.pod)
                if same and selector.matches(objects.labels(pod.pod)):
                    allowed[objects.uid(budget)] -= 1
                    if allowed[objects.uid(budget)] < 0:
                        protected.add(pod.uid)
        return protected


def _started(pod: PodInfo) -> str:
    return (pod.pod.get("status") or {}).get("startTime") or pod.pod["metadata"].get("creationTimestamp") or ""
