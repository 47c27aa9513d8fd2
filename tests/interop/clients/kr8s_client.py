"""kr8s: create, wait, label, logs, exec, port-forward, delete."""

import sys
import urllib.request

import kr8s
from kr8s.objects import Pod

api = kr8s.api(kubeconfig=sys.argv[1], namespace=sys.argv[2])
PROBE = {"httpGet": {"path": "/50x.html", "port": 80}, "periodSeconds": 1}  # Ready: it has said that it serves
CONTAINER = {"name": "web", "image": "nginx:1.25", "readinessProbe": PROBE, "ports": [{"containerPort": 80}]}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": sys.argv[2], "labels": {"app": "web"}},
    "spec": {"containers": [CONTAINER]},
}
pod = Pod(POD, api=api)
pod.create()
pod.wait("condition=Ready", timeout=30)
print("ready")
pod.label({"tier": "front"})
print("patched", pod.labels["tier"])
print("log", "start worker process" in "\n".join(pod.logs()))
print("exec", pod.exec(["sh", "-c", "echo $((40+2))"]).stdout.decode().strip())
with pod.portforward(remote_port=80, local_port="auto") as port:
    urllib.request.urlopen(f"http://127.0.0.1:{port}/50x.html", timeout=20).close()
pod.delete()
