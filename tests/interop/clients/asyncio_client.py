"""kubernetes_asyncio: the same as `official`, in a loop."""

import asyncio
import sys

from kubernetes_asyncio import client, config, watch
from kubernetes_asyncio.stream import WsApiClient

PROBE = {"httpGet": {"path": "/50x.html", "port": 80}, "periodSeconds": 1}  # Ready: it has said that it serves
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "nginx:1.25", "readinessProbe": PROBE}]},
}


async def main() -> None:
    await config.load_kube_config(sys.argv[1])
    namespace = sys.argv[2]
    async with client.ApiClient() as api, WsApiClient() as streaming:
        core = client.CoreV1Api(api)
        await core.create_namespaced_pod(namespace, POD)
        async with watch.Watch().stream(core.list_namespaced_pod, namespace, timeout_seconds=30) as events:
            async for event in events:
                if any(c.type == "Ready" and c.status == "True" for c in event["object"].status.conditions or []):
                    break
        print("ready")
        patched = await core.patch_namespaced_pod("web", namespace, {"metadata": {"labels": {"tier": "front"}}})
        print("patched", patched.metadata.labels["tier"])
        print("log", "start worker process" in str(await core.read_namespaced_pod_log("web", namespace)))
        connect = client.CoreV1Api(streaming).connect_get_namespaced_pod_exec
        said = await connect("web", namespace, command=["sh", "-c", "echo $((40+2))"], stdout=True, stderr=True)
        print("exec", said.strip())
        await core.delete_namespaced_pod("web", namespace)


asyncio.run(main())
