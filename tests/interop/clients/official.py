"""The official client: create, patch, watch, exec, logs, delete. Arguments: a kubeconfig and a namespace."""

import sys

from kubernetes import client, config, watch
from kubernetes.stream import stream

config.load_kube_config(sys.argv[1])
namespace, core = sys.argv[2], client.CoreV1Api()
PROBE = {"httpGet": {"path": "/50x.html", "port": 80}, "periodSeconds": 1}  # Ready: it has said that it serves
pod = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "nginx:1.25", "readinessProbe": PROBE}]},
}
core.create_namespaced_pod(namespace, pod)
follower = watch.Watch()
for event in follower.stream(core.list_namespaced_pod, namespace, timeout_seconds=30):
    if any(c.type == "Ready" and c.status == "True" for c in event["object"].status.conditions or []):
        follower.stop()
        print("ready")
patched = core.patch_namespaced_pod("web", namespace, {"metadata": {"labels": {"tier": "front"}}})
print("patched", patched.metadata.labels["tier"])
print("log", "start worker process" in str(core.read_namespaced_pod_log("web", namespace)))
said = stream(
    client.CoreV1Api(client.ApiClient()).connect_get_namespaced_pod_exec,
    "web",
    namespace,
    command=["sh", "-c", "echo $((40+2))"],
    stdout=True,
    stderr=True,
)
print("exec", said.strip())
core.delete_namespaced_pod("web", namespace)
