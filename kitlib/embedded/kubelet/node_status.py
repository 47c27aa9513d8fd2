"""The Node object and its heartbeat: registered once, kept Ready, renewed by a Lease.

Source: Kubernetes' node heartbeats.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psutil

from kitlib.clock import Clock
from kitlib.embedded.apimachinery.objects import Object, labels
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.apimachinery.times import format_micro_time, format_time
from kitlib.embedded.registry.client import Client

__all__ = ["NodeIdentity", "NodeStatus"]

_LEASE_DURATION = 40
_MAX_PODS = "110"
_LEASES = "leases.coordination.k8s.io"


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    """What makes one node differ from another.

    Args:
        name: its name.
        address: its IP in the pod network.
        pod_network: where its pods' addresses come from.
        labels: beside those that every node has.
        taints: with which it registers.
        lease_seconds: between two heartbeats.
    """

    name: str
    address: str = "10.244.0.1"
    pod_network: str = "10.244.0.0/24"
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Object, ...] = ()
    lease_seconds: float = 10.0


class NodeStatus:
    """Tells the API about this node.

    Args:
        client: the kubelet's client.
        identity: which node.
        clock: for heartbeats.
    """

    def __init__(self, client: Client, identity: NodeIdentity, clock: Clock) -> None:
        self._client, self._identity, self._clock = client, identity, clock
        self._name, self._address = identity.name, identity.address
        self._boot_id = str(uuid4())

    def register(self) -> None:
        """Create the node, or take it over, and say that it is Ready."""
        node, known = self._node(), self._client.find("nodes", self._name)
        if known is None:
            self._client.create("nodes", node)
        elif missing := {key: value for key, value in node["metadata"]["labels"].items() if key not in labels(known)}:
            self._client.patch("nodes", self._name, {"metadata": {"labels": missing}})
        if known is not None and not known["spec"].get("podCIDR"):
            self._client.patch("nodes", self._name, {"spec": self._networks()})
        self._report(ready=True)
        self.renew()

    def shut_down(self) -> None:
        """Say that the node is not Ready any more."""
        self._report(ready=False)

    def renew(self) -> None:
        """Renew the heartbeat."""
        lease: Object = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name, "namespace": "kube-node-lease"},
            "spec": {
                "holderIdentity": self._name,
                "leaseDurationSeconds": _LEASE_DURATION,
                "renewTime": format_micro_time(self._clock.now()),
            },
        }
        if self._client.find(_LEASES, self._name, "kube-node-lease") is None:
            self._client.create(_LEASES, lease)
        else:
            self._client.update(_LEASES, lease)

    def _node(self) -> Object:
        architecture = "arm64" if platform.machine() == "aarch64" else "amd64"
        all_labels = {
            "beta.kubernetes.io/arch": architecture,
            "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": architecture,
            "kubernetes.io/hostname": self._name,
            "kubernetes.io/os": "linux",
        }
        if self._name.endswith("control-plane"):
            all_labels["node-role.kubernetes.io/control-plane"] = ""
        spec = self._networks()
        if self._identity.taints:
            spec["taints"] = list(self._identity.taints)
        metadata = {"name": self._name, "labels": all_labels | dict(self._identity.labels)}
        return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec}

    def _networks(self) -> Object:
        network = self._identity.pod_network
        return {"podCIDR": network, "podCIDRs": [network]}

    def _report(self, *, ready: bool) -> None:
        node = self._client.get("nodes", self._name)
        status = self._status(node.get("status", {}), ready=ready)
        try:
            self._client.patch("nodes", self._name, {"status": status}, subresource="status")
        except StatusError:
            if ready:
                raise

    def _status(self, old: Object, *, ready: bool) -> Object:
        amount = {
            "cpu": str(os.cpu_count() or 1),
            "ephemeral-storage": f"{psutil.disk_usage('/').total >> 10}Ki",
            "memory": f"{psutil.virtual_memory().total >> 10}Ki",
            "pods": _MAX_PODS,
        }
        return {
            "addresses": [
                {"type": "InternalIP", "address": self._address},
                {"type": "Hostname", "address": self._name},
            ],
            "capacity": amount,
            "allocatable": amount,
            "conditions": self._conditions(old.get("conditions") or [], ready=ready),
            "nodeInfo": self._info(),
        }

    def _conditions(self, old: list[Object], *, ready: bool) -> list[Object]:
        now = format_time(self._clock.now())
        before = {c["type"]: c for c in old}

        def condition(kind: str, status: str, reason: str, message: str) -> Object:
            same = before.get(kind, {}).get("status") == status
            since = before[kind]["lastTransitionTime"] if same else now
            base = {"type": kind, "status": status, "lastHeartbeatTime": now, "lastTransitionTime": since}
            return base | {"reason": reason, "message": message}

        ready_now = ("True", "KubeletReady", "kubelet is posting ready status")
        if not ready:
            ready_now = ("False", "KubeletNotReady", "the node was shut down")
        return [
            condition(
                "MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"
            ),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            condition("Ready", *ready_now),
        ]

    def _info(self) -> Object:
        return {
            "machineID": _read("/etc/machine-id") or self._boot_id.replace("-", ""),
            "systemUUID": self._boot_id,
            "bootID": _read("/proc/sys/kernel/random/boot_id") or self._boot_id,
            "kernelVersion": platform.release(),
            "osImage": _os_image(),
            "containerRuntimeVersion": "kit://0.1.0",
            "kubeletVersion": "v1.36.1",
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": "arm64" if platform.machine() == "aarch64" else "amd64",
        }


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _os_image() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "Linux"
