"""What the pod tests share: pods that run once and what they say, pods that go on, files of configuration."""

from __future__ import annotations

import base64
from typing import Any

from tests.behaviour.rest import Json, Rest
from tests.behaviour.workloads import AGNHOST, unique
from tests.support.kubectl import Kubectl
from tests.support.patience import Patience


class Pods:
    """The pods of one namespace, named by who makes them."""

    def __init__(self, rest: Rest, kubectl: Kubectl, patience: Patience) -> None:
        self.rest, self.kubectl, self.patience = rest, kubectl, patience
        self.base = f"/api/v1/namespaces/{kubectl.namespace}"

    def create(self, *containers: Json, name: str = "", meta: Json | None = None, **spec: Any) -> str:
        name = name or unique("pod")
        filled = [
            {"name": f"c{number}" if number else "c", "image": AGNHOST} | c for number, c in enumerate(containers)
        ]
        body = {"metadata": {"name": name} | (meta or {}), "spec": {"containers": filled} | spec}
        self.rest.made(f"{self.base}/pods", body)
        return name

    def get(self, name: str) -> Json:
        found: Json = self.rest.get(f"{self.base}/pods/{name}")
        return found

    def until(self, name: str, check: Any, what: str) -> Json:
        def probe() -> Json | None:
            pod = self.get(name)
            return pod if check(pod) else None

        found = self.patience.until(probe, f"pod {name}: {what}")
        assert found is not None
        return found

    def ready(self, name: str) -> Json:
        return self.until(name, lambda pod: condition(pod, "Ready") == "True", "Ready")

    def ended(self, name: str) -> Json:
        return self.until(name, lambda pod: pod["status"]["phase"] in ("Succeeded", "Failed"), "its end")

    def gone(self, name: str) -> None:
        self.patience.until(lambda: self.rest("GET", f"{self.base}/pods/{name}").status == 404, f"the end of {name}")

    def delete(self, name: str, grace: int | None = None) -> None:
        query = "" if grace is None else f"?gracePeriodSeconds={grace}"
        assert self.rest("DELETE", f"{self.base}/pods/{name}{query}").status == 200

    def log(self, name: str, container: str = "c") -> str:
        return self.rest("GET", f"{self.base}/pods/{name}/log?container={container}").text

    def says(self, container: Json, *, phase: str = "Succeeded", meta: Json | None = None, **spec: Any) -> str:
        """What a container that runs once writes."""
        name = self.create(container, meta=meta, restartPolicy="Never", **spec)
        pod = self.ended(name)
        assert pod["status"]["phase"] == phase, (pod["status"], self.log(name))
        return self.log(name)

    def tells(self, name: str, text: str, container: str = "c") -> None:
        self.patience.until(lambda: text in self.log(name, container), f"{text!r} in the log of {name}")

    def sh(self, name: str, command: str, container: str = "c") -> str:
        return self.kubectl("exec", name, "-c", container, "--", "/bin/sh", "-c", command)

    def fails_to_start(self, name: str) -> None:
        """A container of it has an error for as long as it is looked at."""
        self.until(name, lambda pod: "CreateContainerConfigError" in str(pod["status"]), "a container's error")

    def config_map(self, data: Json, **more: Any) -> str:
        name = unique("conf")
        self.rest.made(f"{self.base}/configmaps", {"metadata": {"name": name}, "data": data} | more)
        return name

    def secret(self, data: dict[str, str]) -> str:
        name = unique("secret")
        coded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        self.rest.made(f"{self.base}/secrets", {"metadata": {"name": name}, "data": coded})
        return name


def condition(pod: Json, kind: str) -> str:
    return next((c["status"] for c in pod["status"].get("conditions") or [] if c["type"] == kind), "")


def status(pod: Json, container: str = "c") -> Json:
    every = [*pod["status"].get("initContainerStatuses", []), *pod["status"].get("containerStatuses", [])]
    return next((s for s in every if s["name"] == container), {"restartCount": 0, "state": {}, "lastState": {}})


def shell(script: str, **more: Any) -> Json:
    return {"command": ["/bin/sh", "-c", script], **more}


def mounttest(*options: str, **more: Any) -> Json:
    return {"args": ["mounttest", *options], **more}


def mount(path: str = "/v", name: str = "v", **more: Any) -> Json:
    return {"name": name, "mountPath": path, **more}
