"""The StatefulSet controller among all others, while everything happens to its pods in any order."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.statefulset.controller import StatefulSetController
from kitlib.embedded.controllers.statefulset.identity import ordinal_of, ordinal_range, revision_of
from kitlib.embedded.storage.event import Event
from tests.unit.controllers.world import World, stateful_set, template

STS, PVC = "statefulsets.apps", "persistentvolumeclaims"
HIGHEST = 4

ORDINALS = st.integers(0, HIGHEST)
# What happens, and how much the controllers get done before the next thing happens.
STEPS = st.lists(
    st.tuples(
        st.one_of(
            st.tuples(st.sampled_from(["ready", "unready", "fail", "delete", "kill", "hold"]), ORDINALS),
            st.tuples(st.just("scale"), st.integers(0, HIGHEST)),
            st.tuples(st.just("start"), st.integers(0, 2)),
            st.tuples(st.just("image"), st.sampled_from(["nginx:1.25", "nginx:1.26", "nginx:1.27"])),
            st.tuples(st.just("partition"), st.integers(0, HIGHEST)),
            st.tuples(st.just("retention"), st.sampled_from(["Retain", "Delete"])),
            st.tuples(st.just("restart"), st.none()),
            st.tuples(st.just("time"), st.integers(1, 5)),
        ),
        st.sampled_from([0, 1, 3, 30, 60]),
    ),
    min_size=5,
    max_size=25,
)


class Observed:
    """A world whose every write to a pod or claim is judged at the moment it is made."""

    def __init__(self, *, ordered: bool, min_ready: int, retains: bool) -> None:
        self.world = World(seed=7)
        self.ordered, self.min_ready, self.retains = ordered, min_ready, retains
        self.by_hand = False
        # A controller survives whatever is raised in it: what is wrong is noted, and looked at afterwards.
        self.wrong: list[str] = []
        self.uids: dict[str, str] = {}
        policy = "OrderedReady" if ordered else "Parallel"
        body = stateful_set(claims=True, podManagementPolicy=policy, minReadySeconds=min_ready)
        self.world.client.subscribe("pods", self._on_pod)
        self.world.client.subscribe(PVC, self._on_claim)
        self.world.client.create(STS, body)
        self.world.settle()

    # -- what is judged ----------------------------------------------------------------------------------------------

    def judge(self, right: bool, text: str) -> None:
        if not right:
            self.wrong.append(text)

    def _on_pod(self, event: Event) -> None:
        pod, name = event.object, objects.name(event.object)
        if event.type == "ADDED":
            self.judge(name not in self.uids, f"two pods {name}")
            self.uids[name] = objects.uid(pod)
            self._created(pod)
        elif event.type == "DELETED":
            self.judge(self.uids.pop(name, "") == objects.uid(pod), f"two pods {name}")
        else:
            began = objects.is_terminating(pod) and event.old is not None and not objects.is_terminating(event.old)
            if began and not self.by_hand:
                self._deleted(event.old or pod)

    def _created(self, pod: Object) -> None:
        wanted, ordinal = ordinal_range(self.set), ordinal_of(self.set, pod)
        self.judge(ordinal in wanted, f"{objects.name(pod)} is not wanted")
        if self.ordered:
            for lower in range(wanted.start, ordinal):
                self.judge(self.available(lower), f"{objects.name(pod)} is created before web-{lower} is available")

    def _deleted(self, pod: Object) -> None:
        """The controller deletes a pod: because it ended, is not wanted, or is outdated; and in order."""
        wanted, ordinal = ordinal_range(self.set), ordinal_of(self.set, pod)
        if ordinal is None or podstate.is_finished(pod):
            return
        if ordinal in wanted:
            status = self.set["status"]
            first = wanted.start + self.partition
            self.judge(ordinal >= first, "the partition was not honoured")
            self.judge(revision_of(pod) != status["updateRevision"] or self.revising, "an updated pod is deleted")
            above = range(ordinal + 1, wanted.stop)
            self.judge(all(map(self.available, above)), f"web-{ordinal} is not the highest to be updated")
        elif self.ordered:
            self._condemned(pod, ordinal, wanted)
        if self.ordered:
            others = [o for o in wanted if o != ordinal]
            self.judge(all(map(self.available, others)), f"web-{ordinal} goes while another is down")

    def _condemned(self, pod: Object, ordinal: int, wanted: range) -> None:
        """From the top; an unhealthy one only when nothing below it is unhealthy too."""
        listed = self.world.client.list("pods", "default")
        others = [n for each in listed if (n := ordinal_of(self.set, each)) not in (None, ordinal) and n not in wanted]
        self.judge(not any(n > ordinal for n in others), f"web-{ordinal} goes before those above it")
        if not self.is_available(pod):
            below = all(self.available(n) for n in others if n < ordinal)
            self.judge(below, f"web-{ordinal} goes although it is not the first unhealthy one")

    def _on_claim(self, event: Event) -> None:
        self.judge(not (event.type == "DELETED" and self.retains), f"the claim {objects.name(event.object)} is lost")

    def available(self, ordinal: int) -> bool:
        pod = self.find(ordinal)
        return pod is not None and self.is_available(pod)

    def is_available(self, pod: Object) -> bool:
        if objects.is_terminating(pod) or podstate.phase(pod) != "Running":
            return False
        return podstate.is_available(pod, self.min_ready, self.world.clock.now())

    @property
    def set(self) -> Object:
        return self.world.client.get(STS, "web", "default")

    @property
    def revising(self) -> bool:
        """Whether the status does not know the newest template yet."""
        return bool(self.set["status"].get("observedGeneration") != self.set["metadata"]["generation"])

    @property
    def partition(self) -> int:
        return int(self.set["spec"]["updateStrategy"]["rollingUpdate"]["partition"])

    def find(self, ordinal: int) -> Object | None:
        return self.world.client.find("pods", f"web-{ordinal}", "default")

    # -- what happens ------------------------------------------------------------------------------------------------

    def do(self, kind: str, value: Any) -> None:
        if kind == "time":
            self.world.clock.advance(value)
        elif kind == "restart":
            self.restart()
        elif kind in ("scale", "start", "image", "partition", "retention"):
            self.world.client.patch(STS, "web", {"spec": self.change(kind, value)}, namespace="default")
        else:
            self.by_hand = True
            self.strike(kind, value)
            self.by_hand = False

    def run(self, rounds: int) -> None:
        for _ in range(rounds):
            for controller in self.world.manager.controllers:
                controller.process_next()

    @staticmethod
    def change(kind: str, value: Any) -> Object:
        if kind == "scale":
            return {"replicas": value}
        if kind == "start":
            return {"ordinals": {"start": value}}
        if kind == "image":
            return {"template": template(value)}
        if kind == "partition":
            return {"updateStrategy": {"rollingUpdate": {"partition": value}}}
        return {"persistentVolumeClaimRetentionPolicy": {"whenScaled": value, "whenDeleted": value}}

    def strike(self, kind: str, ordinal: int) -> None:
        """Something happens to one pod, from outside."""
        pod, kubelet = self.find(ordinal), self.world.kubelet
        if pod is None:
            return
        name = objects.name(pod)
        if kind == "hold":
            kubelet.undying.add(name)
        elif kind == "delete":
            self.world.client.delete("pods", name, "default")
        elif kind == "kill":
            self.world.client.delete("pods", name, "default", grace_period_seconds=0)
        elif pod["spec"].get("nodeName") and not podstate.is_finished(pod):
            kubelet.forced[name] = kind == "ready"
            kubelet.report(pod, ready=kind == "ready", phase="Failed" if kind == "fail" else "Running")

    def restart(self) -> None:
        """A new controller knows nothing but what the API says."""
        manager = self.world.manager
        old = next(c for c in manager.controllers if isinstance(c, StatefulSetController))
        old.stop()
        new = StatefulSetController(self.world.cluster.client(old.name), self.world.clock)
        new.register()
        manager.controllers = tuple(new if c is old else c for c in manager.controllers)

    def come_to_rest(self) -> None:
        """Nothing happens from outside any more, and every pod that starts becomes ready."""
        kubelet = self.world.kubelet
        kubelet.forced.clear()
        kubelet.undying.clear()
        for pod in self.world.client.list("pods", "default"):
            kubelet.queue.add(objects.key(pod))
        self.world.settle()
        self.world.advance(60)


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # what is found is not made smaller: that has no bound in time
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(steps=STEPS, ordered=st.booleans(), min_ready=st.sampled_from([0, 0, 3]), retains=st.booleans())
def test_whatever_happens(
    steps: list[tuple[tuple[str, Any], int]], ordered: bool, min_ready: int, retains: bool
) -> None:
    seen = Observed(ordered=ordered, min_ready=min_ready, retains=retains)
    for (kind, value), rounds in steps:
        if kind != "retention" or not retains:
            seen.do(kind, value)
        seen.run(rounds)
        assert not seen.wrong
    seen.come_to_rest()
    assert not seen.wrong
    stored = seen.set
    wanted = [f"web-{n}" for n in ordinal_range(stored)]
    assert sorted(seen.world.pods()) == sorted(wanted)
    update = stored["status"]["updateRevision"]
    late = [n for n in list(ordinal_range(stored))[seen.partition :] if revision_of(seen.find(n) or {}) != update]
    assert not late, f"pods {late} are never updated"
    status = stored["status"]
    assert (status["replicas"], status["availableReplicas"]) == (len(wanted), len(wanted))
    for ordinal in ordinal_range(stored):
        assert seen.world.client.find(PVC, f"www-web-{ordinal}", "default") is not None
