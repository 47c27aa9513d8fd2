"""StatefulSets of one test: made, changed, waited for and cleaned up in upstream's way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.behaviour.workloads import (
    AGNHOST_BEFORE,
    Object,
    Watched,
    absent_is_fine,
    http_probe,
    is_ready,
    is_running_and_ready,
    on_conflict_again,
    ordinal,
    pause_probe,
    selector_text,
    shell,
    unique,
    watch_from_list,
    webserver,
)
from tests.support.kubectl import Kubectl
from tests.support.patience import Patience

LABELS = {"foo": "bar", "baz": "blah"}
REVISION = "controller-revision-hash"
SERVICE = "test"


def set_body(
    name: str, replicas: int, *, claims: bool = False, probe: str = "http", image: str = AGNHOST_BEFORE, **spec: Any
) -> Object:
    """Return upstream's base set: `updateStrategy` names its type only, and claims come with a hostPath beside them."""
    container = webserver(image)
    if probe:
        container["readinessProbe"] = http_probe() if probe == "http" else pause_probe()
    pod: Object = {"containers": [container], "volumes": []}
    body: Object = {
        "replicas": replicas,
        "selector": {"matchLabels": LABELS},
        "serviceName": SERVICE,
        "template": {"metadata": {"labels": LABELS, "annotations": {}}, "spec": pod},
        "updateStrategy": {"type": "RollingUpdate"},
    }
    if claims:
        container["volumeMounts"] = [
            {"name": "datadir", "mountPath": "/data/"},
            {"name": "home", "mountPath": "/home"},
        ]
        pod["volumes"] = [{"name": "home", "hostPath": {"path": "/tmp/home"}}]
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1"}}}
        body["volumeClaimTemplates"] = [{"metadata": {"name": "datadir"}, "spec": claim}]
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": body | spec}


@dataclass
class StatefulSets:
    """The sets of one namespace.

    Waiting is strict where upstream is: a pod too many fails at once.
    """

    apps: Any
    core: Any
    kubectl: Kubectl
    patience: Patience
    made: list[str] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        return self.kubectl.namespace

    def governing_service(self) -> None:
        spec = {"clusterIP": "None", "selector": LABELS, "ports": [{"port": 80, "name": "http"}]}
        self.core.create_namespaced_service(self.namespace, {"metadata": {"name": SERVICE}, "spec": spec})

    def create(self, replicas: int, **more: Any) -> str:
        """Create the base set under a name of its own."""
        return self.create_body(set_body(unique("ss"), replicas, **more))

    def create_body(self, body: Object) -> str:
        self.apps.create_namespaced_stateful_set(self.namespace, body)
        self.made.append(body["metadata"]["name"])
        return self.made[-1]

    def get(self, name: str) -> Any:
        return self.apps.read_namespaced_stateful_set(name, self.namespace)

    def patch(self, name: str, spec: Object) -> Any:
        return self.apps.patch_namespaced_stateful_set(name, self.namespace, {"spec": spec})

    def set_replicas(self, name: str, replicas: int) -> None:
        """Write the size with a plain update, as upstream does."""

        def change() -> Any:
            found = self.get(name)
            found.spec.replicas = replicas
            return self.apps.replace_namespaced_stateful_set(name, self.namespace, found)

        on_conflict_again(self.patience, change)

    def set_image(self, name: str, image: str) -> Any:
        def change() -> Any:
            found = self.get(name)
            found.spec.template.spec.containers[0].image = image
            return self.apps.replace_namespaced_stateful_set(name, self.namespace, found)

        return on_conflict_again(self.patience, change)

    def pods(self) -> list[Any]:
        """The pods of the sets of this test, by ordinal."""
        found = self.core.list_namespaced_pod(self.namespace, label_selector=selector_text(LABELS)).items
        return sorted(found, key=lambda pod: ordinal(pod.metadata.name))

    def pod(self, name: str) -> Any:
        return self.core.read_namespaced_pod(name, self.namespace)

    def watch_pods(self) -> Watched:
        """Note where the list of pods stands, to watch from there."""
        labels = selector_text(LABELS)
        return watch_from_list(self.core.list_namespaced_pod, namespace=self.namespace, label_selector=labels)

    def image_of(self, name: str) -> str:
        return str(self.get(name).spec.template.spec.containers[0].image)

    def image(self, pod: Any) -> str:
        return str(pod.spec.containers[0].image)

    def revision(self, pod: Any) -> str:
        return str(pod.metadata.labels[REVISION])

    # -- waiting -----------------------------------------------------------------------------------------------------

    def wait_running(self, running: int, ready: int) -> None:
        """Wait until so many pods run and exactly the first `ready` of them are Ready; never is there one more."""

        def settled() -> bool:
            pods = self.pods()
            if len(pods) > running:
                raise RuntimeError(f"too many pods: {[pod.metadata.name for pod in pods]}")
            assert len(pods) == running, f"{len(pods)} of {running} pods"
            return all(
                pod.status.phase == "Running" and is_ready(pod) == (index < ready) for index, pod in enumerate(pods)
            )

        self.patience.until(settled, f"{running} running pods, {ready} of them ready")

    def wait_ready(self, replicas: int) -> None:
        self.wait_running(replicas, replicas)

    def wait_status(self, name: str, **counters: int) -> Any:
        """Wait until the status has seen the newest spec and has these numbers (a left out number is 0)."""

        def reached() -> Any:
            found = self.get(name)
            assert (found.status.observed_generation or 0) >= found.metadata.generation, "not observed yet"
            have = {key: getattr(found.status, key) or 0 for key in counters}
            assert have == counters, f"{have}"
            return found

        return self.patience.until(reached, f"the status {counters} of {name}")

    def wait_observed(self, name: str) -> Any:
        """Wait until the status has seen the newest spec."""
        return self.wait_status(name)

    def wait_pod(self, name: str, *, ready: bool) -> None:
        self.patience.until(
            lambda: is_running_and_ready(self.pod(name)) == ready, f"{name} {'ready' if ready else 'not ready'}"
        )

    def wait_rolling_update(self, name: str) -> Any:
        """Wait until the whole set is at the update revision and ready."""

        def done() -> Any:
            found = self.get(name)
            pods = self.pods()
            assert found.status.update_revision == found.status.current_revision, [
                (pod.metadata.name, self.revision(pod), is_ready(pod)) for pod in pods
            ]
            assert len(pods) == found.spec.replicas
            assert all(is_running_and_ready(pod) for pod in pods)
            return found

        return self.patience.until(done, f"the rolling update of {name}")

    def wait_partitioned_update(self, name: str) -> Any:
        """Wait until every pod from the partition on is at the update revision, and all are ready."""

        def done() -> Any:
            found = self.get(name)
            first = found.spec.update_strategy.rolling_update.partition
            pods = self.pods()
            assert len(pods) == found.spec.replicas
            assert all(is_running_and_ready(pod) for pod in pods)
            late = [p.metadata.name for p in pods[first:] if self.revision(p) != found.status.update_revision]
            assert not late, f"{late} are not updated"
            return found

        return self.patience.until(done, f"the partitioned update of {name}")

    def stays_at(self, count: int, *, seconds: float = 10) -> None:
        """Check that there are exactly so many pods for a while."""
        self.patience.until(lambda: len(self.pods()) == count, f"{count} pods")
        self.patience.stays(lambda: len(self.pods()) == count, f"{count} pods", seconds=seconds)

    # -- what upstream does to pods ----------------------------------------------------------------------------------

    def delete_pod(self, name: str, *, grace: int | None = 0) -> None:
        more = {} if grace is None else {"grace_period_seconds": grace}
        self.core.delete_namespaced_pod(name, self.namespace, **more)

    def run(self, pod: str, command: str) -> str:
        return shell(self.kubectl, pod, command)

    def run_in_all(self, command: str) -> None:
        for pod in self.pods():
            self.run(pod.metadata.name, command)

    def break_probe(self, *names: str) -> None:
        for name in names or [pod.metadata.name for pod in self.pods()]:
            self.run(name, "mv -v /localhost.crt /tmp/ || true")

    def restore_probe(self, *names: str) -> None:
        for name in names or [pod.metadata.name for pod in self.pods()]:
            self.run(name, "mv -v /tmp/localhost.crt / || true")

    def resume_next(self) -> None:
        """Let the first pod that waits become ready; there is never more than one that waits."""
        for pod in self.pods():
            if pod.status.phase != "Running":
                raise RuntimeError(f"{pod.metadata.name} does not run")
            if is_ready(pod):
                continue
            self.run(pod.metadata.name, "dd if=/dev/zero of=/data/statefulset-continue bs=1 count=1 conv=fsync")
            self.wait_pod(pod.metadata.name, ready=True)
            return

    def saturate(self, replicas: int) -> None:
        """Bring the pods up one by one, each held back until it is let go."""
        for index in range(replicas):
            self.wait_running(index + 1, index)
            self.resume_next()

    def scale(self, name: str, replicas: int) -> None:
        """Resize and wait for the pods."""
        self.set_replicas(name, replicas)
        self.patience.until(lambda: len(self.pods()) == replicas, f"{replicas} pods")

    # -- afterwards --------------------------------------------------------------------------------------------------

    def clean_up(self) -> None:
        """Scale to 0, delete, delete the claims, and wait until their dynamic volumes are really gone."""
        for name in self.made:
            with absent_is_fine():
                self.set_replicas(name, 0)
                self.patience.until(lambda name=name: not (self.get(name).status.replicas or 0), f"{name} to empty")
                self.apps.delete_namespaced_stateful_set(name, self.namespace, orphan_dependents=False)
        claims = self.core.list_namespaced_persistent_volume_claim(self.namespace).items
        volumes = {claim.spec.volume_name for claim in claims if claim.spec.volume_name}
        for claim in claims:
            with absent_is_fine():
                self.core.delete_namespaced_persistent_volume_claim(claim.metadata.name, self.namespace)
        self.patience.until(lambda: not volumes & self._volumes(), "the volumes to be deleted")

    def _volumes(self) -> set[str]:
        return {volume.metadata.name for volume in self.core.list_persistent_volume().items}


@contextmanager
def stateful_sets(apps: Any, core: Any, kubectl: Kubectl, patience: Patience) -> Iterator[StatefulSets]:
    """Sets in one namespace, with their service; cleaned up even when the test fails."""
    made = StatefulSets(apps, core, kubectl, patience)
    made.governing_service()
    try:
        yield made
    finally:
        made.clean_up()
