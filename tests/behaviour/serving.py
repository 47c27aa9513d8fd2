"""Pods that serve, and clients inside the cluster that ask them, for the scenarios of Services and their endpoints."""

from __future__ import annotations

import uuid
from typing import Any

from tests.behaviour.rest import Json, Rest
from tests.support.kubectl import Kubectl
from tests.support.patience import Patience

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"


class Serving:
    """One namespace with servers, clients and Services."""

    def __init__(self, rest: Rest, kubectl: Kubectl, patience: Patience) -> None:
        self.rest, self.kubectl, self.patience = rest, kubectl, patience
        self.path = f"/api/v1/namespaces/{kubectl.namespace}"
        self.slices = f"/apis/discovery.k8s.io/v1/namespaces/{kubectl.namespace}/endpointslices"

    def pod(self, name: str, *, args: list[str] | None = None, ports: list[Json] | None = None, **spec: Any) -> Json:
        """Start a pod of the test image and wait until it is ready."""
        labels = spec.pop("labels", {"app": name})
        container: Json = {"name": "main", "image": AGNHOST, "args": args or ["pause"]}
        if ports:
            container["ports"] = ports
        if args and args[0] == "netexec":
            container["readinessProbe"] = {"httpGet": {"path": "/hostName", "port": 80}, "periodSeconds": 1}
        body = {
            "metadata": {"name": name, "labels": labels},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]} | spec,
        }
        self.rest.made(f"{self.path}/pods", body)
        self.kubectl("wait", f"pod/{name}", "--for=condition=Ready", f"--timeout={int(self.patience.seconds)}s")
        found: Json = self.rest.get(f"{self.path}/pods/{name}")
        return found

    def server(self, name: str, **spec: Any) -> Json:
        """Start a pod that answers its own name over HTTP on 80 and over UDP on 80."""
        return self.pod(name, args=["netexec", "--http-port=80", "--udp-port=80"], **spec)

    def service(self, name: str, ports: list[Json], **spec: Any) -> Json:
        """Make a Service that selects pods by `app: name`, unless `selector` says otherwise."""
        selector = spec.pop("selector", {"app": name})
        body: Json = {"metadata": {"name": name}, "spec": {"ports": ports} | spec}
        if selector:
            body["spec"]["selector"] = selector
        return self.rest.made(f"{self.path}/services", body)

    def changed(self, name: str, **spec: Any) -> Json:
        """Change a Service's spec."""
        return self.rest.patched(f"{self.path}/services/{name}", {"spec": spec})

    def endpoints(self, name: str) -> dict[str, set[str]]:
        """Ready addresses behind a Service by `port name:number/protocol`, from its slices."""
        listed = self.rest.get(f"{self.slices}?labelSelector=kubernetes.io/service-name={name}")["items"]
        found: dict[str, set[str]] = {}
        for piece in listed:
            ready = {
                address
                for endpoint in piece["endpoints"]
                if endpoint["conditions"].get("ready", True)
                for address in endpoint["addresses"]
            }
            for port in piece.get("ports") or []:
                key = f"{port.get('name', '')}:{port['port']}/{port['protocol']}"
                found[key] = found.get(key, set()) | ready
        return {key: addresses for key, addresses in found.items() if addresses}

    def asked(self, client: str, url: str) -> str:
        """What a pod is answered over HTTP; "" when it is not."""
        done = self.kubectl.run("exec", client, "--", "curl", "-g", "-q", "-s", "--connect-timeout", "2", url)
        return done.stdout if done.returncode == 0 else ""

    def asked_over_udp(self, client: str, address: str, port: int) -> str:
        """What a pod is answered to `hostname` over UDP."""
        command = f"echo hostname | nc -u -w 1 {address} {port}"
        return self.kubectl.run("exec", client, "--", "/bin/sh", "-c", command).stdout.strip()

    def is_refused(self, client: str, address: str, port: int) -> bool:
        """Whether a pod's connection is refused at once."""
        done = self.kubectl.run("exec", client, "--", "/agnhost", "connect", "--timeout=3s", f"{address}:{port}")
        return done.returncode != 0 and "REFUSED" in done.stdout + done.stderr

    def reaches(self, client: str, url: str, names: set[str]) -> None:
        """Wait until a pod has been answered by every one of `names`, and by no other."""
        seen: set[str] = set()

        def all_seen() -> bool:
            if answer := self.asked(client, url):
                seen.add(answer.strip())
            return seen >= names

        self.patience.until(all_seen, f"answers of {names} at {url}")
        assert seen == names, seen

    def node_address(self) -> str:
        """The address of a node in the pod network."""
        node = self.rest.get("/api/v1/nodes")["items"][0]
        return next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:6]}"
