"""lightkube: create, wait, patch, logs, delete (it has no exec)."""

import sys

from lightkube import Client, KubeConfig
from lightkube.models.core_v1 import Container, PodSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Pod

namespace = sys.argv[2]
client = Client(config=KubeConfig.from_file(sys.argv[1]), namespace=namespace)
spec = PodSpec(containers=[Container(name="web", image="nginx:1.25")])
client.create(Pod(metadata=ObjectMeta(name="web", namespace=namespace, labels={"app": "web"}), spec=spec))
client.wait(Pod, "web", for_conditions=["Ready"])
print("ready")
patched = client.patch(Pod, "web", {"metadata": {"labels": {"tier": "front"}}})
print("patched", patched.metadata.labels["tier"])
print("log", "start worker process" in "".join(client.log("web")))
client.delete(Pod, "web")
