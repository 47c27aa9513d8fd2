"""lightkube: create, wait, patch, logs, delete (it has no exec)."""

import sys

from lightkube import Client, KubeConfig
from lightkube.models.core_v1 import Container, HTTPGetAction, PodSpec, Probe
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Pod

PROBE = Probe(httpGet=HTTPGetAction(path="/50x.html", port=80), periodSeconds=1)  # Ready: it has said that it serves
namespace = sys.argv[2]
client = Client(config=KubeConfig.from_file(sys.argv[1]), namespace=namespace)
spec = PodSpec(containers=[Container(name="web", image="nginx:1.25", readinessProbe=PROBE)])
client.create(Pod(metadata=ObjectMeta(name="web", namespace=namespace, labels={"app": "web"}), spec=spec))
client.wait(Pod, "web", for_conditions=["Ready"])
print("ready")
patched = client.patch(Pod, "web", {"metadata": {"labels": {"tier": "front"}}})
print("patched", patched.metadata.labels["tier"])
print("log", "start worker process" in "".join(client.log("web")))
client.delete(Pod, "web")
