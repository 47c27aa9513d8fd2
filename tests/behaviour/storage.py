"""What the storage tests share: volumes, claims and classes that are gone when the test ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.behaviour.pods import Pods, mount, shell
from tests.behaviour.rest import Json, Rest
from tests.behaviour.workloads import unique

VOLUMES, CLASSES = "/api/v1/persistentvolumes", "/apis/storage.k8s.io/v1/storageclasses"
DEFAULT = "storageclass.kubernetes.io/is-default-class"
NO_PROVISIONER = "kubernetes.io/no-provisioner"


class Storage:
    """The claims of one namespace, and volumes of a class (`own`) that nobody else uses and that does not exist."""

    def __init__(self, rest: Rest, pods: Pods) -> None:
        self.rest, self.pods, self.patience = rest, pods, pods.patience
        self.claims = f"{pods.base}/persistentvolumeclaims"
        self.own = unique("class")
        self.made: list[str] = []

    def volume(self, size: str = "1Gi", *, meta: Json | None = None, **spec: Any) -> str:
        """A directory of the node below /tmp, kept when its claim goes; a field that is None is left out."""
        name = unique("volume")
        body = {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": f"/tmp/{name}", "type": "DirectoryOrCreate"},
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": self.own,
        } | spec
        self.made.append(f"{VOLUMES}/{name}")
        filled = {field: value for field, value in body.items() if value is not None}
        self.rest.made(VOLUMES, {"metadata": {"name": name} | (meta or {}), "spec": filled})
        return name

    def claim_body(self, size: str = "1Gi", *, meta: Json | None = None, **spec: Any) -> Json:
        body = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            "storageClassName": self.own,
        } | spec
        filled = {field: value for field, value in body.items() if value is not None}
        return {"metadata": {"name": unique("claim")} | (meta or {}), "spec": filled}

    def claim(self, size: str = "1Gi", *, meta: Json | None = None, **spec: Any) -> str:
        body = self.claim_body(size, meta=meta, **spec)
        self.rest.made(self.claims, body)
        return str(body["metadata"]["name"])

    def storage_class(self, *, meta: Json | None = None, **fields: Any) -> str:
        """A class without a provisioner, and Immediate, unless it is said otherwise."""
        name = unique("class")
        self.made.append(f"{CLASSES}/{name}")
        self.rest.made(CLASSES, {"metadata": {"name": name} | (meta or {}), "provisioner": NO_PROVISIONER} | fields)
        return name

    def get(self, name: str) -> Json:
        """A claim."""
        found: Json = self.rest.get(f"{self.claims}/{name}")
        return found

    def get_volume(self, name: str) -> Json:
        found: Json = self.rest.get(f"{VOLUMES}/{name}")
        return found

    def until(self, name: str, phase: str) -> Json:
        """Wait for a claim's phase."""
        self.patience.until(lambda: self.get(name)["status"]["phase"] == phase, f"claim {name} to be {phase}")
        return self.get(name)

    def volume_until(self, name: str, phase: str) -> Json:
        self.patience.until(lambda: self.get_volume(name)["status"]["phase"] == phase, f"volume {name} to be {phase}")
        return self.get_volume(name)

    def delete(self, name: str) -> None:
        """Delete a claim, and wait for its end."""
        assert self.rest("DELETE", f"{self.claims}/{name}").status == 200
        self.claim_gone(name)

    def claim_gone(self, name: str) -> None:
        self.patience.until(lambda: self.rest("GET", f"{self.claims}/{name}").status == 404, f"the end of {name}")

    def volume_gone(self, name: str) -> None:
        self.patience.until(lambda: self.rest("GET", f"{VOLUMES}/{name}").status == 404, f"the end of {name}")

    def told(self, name: str, kind: str, reason: str, text: str) -> None:
        """Wait for an event about an object."""
        query = f"fieldSelector=involvedObject.name={name}"

        def found() -> list[tuple[str, str, str]]:
            events = self.rest.get(f"{self.pods.base}/events?{query}")["items"]
            return [(event["type"], event["reason"], event["message"]) for event in events]

        def probe() -> bool:
            assert any(k == kind and r == reason and text in message for k, r, message in found()), found()
            return True

        self.patience.until(probe, f"{reason} {text!r} about {name}")

    def pod(self, *claims: str, script: str = "sleep 1000", read_only: bool = False, **spec: Any) -> str:
        """A pod that mounts claims at /v, /v1, …"""
        mounts = [mount(f"/v{number or ''}", f"v{number}") for number in range(len(claims))]
        return self.pods.create(
            shell(script, volumeMounts=mounts),
            volumes=[
                {"name": f"v{n}", "persistentVolumeClaim": {"claimName": claim, "readOnly": read_only}}
                for n, claim in enumerate(claims)
            ],
            **{"restartPolicy": "Never", "terminationGracePeriodSeconds": 0} | spec,
        )

    def unscheduled(self, pod: str, text: str) -> None:
        """Wait until the scheduler says of a pod why it has no place."""

        def probe() -> bool:
            conditions = self.pods.get(pod)["status"].get("conditions") or []
            assert any(
                c["type"] == "PodScheduled" and c["status"] == "False" and text in c.get("message", "")
                for c in conditions
            ), conditions
            return True

        self.patience.until(probe, f"{pod} not to be scheduled: {text}")

    def node(self) -> Json:
        """The affinity of a volume to one node that takes pods."""
        nodes = [
            node
            for node in self.rest.get("/api/v1/nodes")["items"]
            if not node["spec"].get("taints") and not node["spec"].get("unschedulable")
        ]
        host = nodes[0]["metadata"]["labels"]["kubernetes.io/hostname"]
        term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [host]}]}
        return {"required": {"nodeSelectorTerms": [term]}}

    def default_classes(self) -> list[str]:
        found = self.rest.get(CLASSES)["items"]
        return [c["metadata"]["name"] for c in found if (c["metadata"].get("annotations") or {}).get(DEFAULT) == "true"]

    def set_default(self, name: str, value: str) -> None:
        self.rest.patched(f"{CLASSES}/{name}", {"metadata": {"annotations": {DEFAULT: value}}})

    @contextmanager
    def no_default_class(self) -> Iterator[None]:
        """While this lasts, the cluster's own classes are no default."""
        before = self.default_classes()
        for name in before:
            self.set_default(name, "false")
        try:
            yield
        finally:
            for name in before:
                self.set_default(name, "true")

    def clean_up(self) -> None:
        for pod in self.rest.get(f"{self.pods.base}/pods")["items"]:
            self.rest("DELETE", f"{self.pods.base}/pods/{pod['metadata']['name']}?gracePeriodSeconds=0")
        self.rest("DELETE", self.claims)
        for path in self.made:
            self.rest("DELETE", path)
