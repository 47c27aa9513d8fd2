"""What containers share, and what they never see."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from kitlib.client import Cluster, connect
from kitlib.clock import SystemClock
from kitlib.embedded.server import Server, ServerConfig
from tests.unit.kubelet.node import OBEYS, Node, mounted


async def test_containers_of_a_pod_share_network_and_volumes_only(node: Node) -> None:
    share = [mounted("/share", "share")]
    other = {"name": "other", "image": "nginx", "volumeMounts": share}
    mine = {"name": "c", "image": "busybox", "command": OBEYS, "volumeMounts": share}
    await node.running("p", spec={"containers": [mine, other], "volumes": [{"name": "share", "emptyDir": {}}]})
    assert (await node.output("p", "sh", "-c", "echo hi > /share/f; echo hi > /tmp/f"))[0] == 0
    assert await node.output("p", "cat", "/share/f", container="other") == (0, "hi\n")
    assert (await node.output("p", "cat", "/tmp/f", container="other"))[0] != 0
    names = [(await node.output("p", "cat", "/proc/sys/kernel/hostname", container=c))[1] for c in ("c", "other")]
    assert names == ["p\n", "p\n"]
    processes = (await node.output("p", "sh", "-c", "cat /proc/[0-9]*/comm"))[1].split()
    assert "nginx" not in processes
    listening = "until grep -q ':0050 ' /proc/net/tcp; do :; done"
    assert (await node.output("p", "sh", "-c", listening))[0] == 0


async def test_the_machine_is_not_seen(node: Node) -> None:
    await node.running("p")
    await node.running("q", "sleep", "414141")
    script = f"ls -A /root /home /mnt; ls -d {node.directory} {Path.cwd()} /var/lib/dpkg; cat /etc/shadow"
    code, text = await node.output("p", "sh", "-c", f"({script}) 2>/dev/null")
    assert code != 0
    assert text.split() == ["/home:", "/mnt:", "/root:"]
    commands = (await node.output("p", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"))[1]
    assert "414141" not in commands
    assert (await node.output("p", "kill", "-0", str(os.getpid())))[0] != 0
    people = (await node.output("p", "cut", "-d:", "-f3", "/etc/passwd"))[1].split()
    assert all(int(number) < 1000 or number == "65534" for number in people)


async def test_programs_can_be_installed_below_usr(node: Node) -> None:
    await node.running("p")
    script = "printf '#!/bin/sh\\necho here' > /usr/local/bin/mine && chmod +x /usr/local/bin/mine && touch /usr/bin/x"
    assert (await node.output("p", "sh", "-c", script))[0] == 0
    assert await node.output("p", "mine") == (0, "here\n")
    assert shutil.which("mine", path="/usr/local/bin") is None


async def test_names_of_a_pod(node: Node) -> None:
    aliases = [{"ip": "192.0.2.1", "hostnames": ["far", "away"]}]
    dns = {"options": [{"name": "ndots", "value": "2"}], "searches": ["example.org"]}
    spec = {"hostname": "db-0", "subdomain": "db", "hostAliases": aliases, "dnsConfig": dns}
    status = await node.running("p", spec=spec)
    code, text = await node.output("p", "cat", "/etc/hostname", "/etc/resolv.conf", "/etc/hosts")
    lines = text.splitlines()
    assert (code, lines[0]) == (0, "db-0")
    assert "search default.svc.cluster.local svc.cluster.local cluster.local example.org" in lines
    assert {"nameserver 10.96.0.10", "options ndots:2", "192.0.2.1\tfar\taway"} <= set(lines)
    assert f"{status['podIP']}\tdb-0.db.default.svc.cluster.local\tdb-0" in lines
    assert await node.output("p", "hostname") == (0, "db-0\n")
    assert await node.output("p", "hostname", "-f") == (0, "db-0.db.default.svc.cluster.local\n")


async def test_nginx_has_nothing_to_complain_about(node: Node) -> None:
    await node.running("p", "nginx", "-g", "daemon off;", image="nginx", readinessProbe={"httpGet": {"port": 80}})
    log = b"".join([chunk async for chunk in node.kubelet.logs("default", "p", "c")])
    assert b"start worker process" in log
    assert b"emerg" not in log


_ASK_THE_API = """
cd /var/run/secrets/kubernetes.io/serviceaccount
/usr/bin/python3 -Sc '
import json, ssl, urllib.request
token, trust = open("token").read(), ssl.create_default_context(cafile="ca.crt")
url = "https://kubernetes.default.svc/apis/authentication.k8s.io/v1/selfsubjectreviews"
headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
request = urllib.request.Request(url, json.dumps(body).encode(), headers)
print(json.load(urllib.request.urlopen(request, context=trust))["status"]["userInfo"]["username"])'
"""


def _ask_from_a_pod(cluster: Cluster) -> str:
    container = {"name": "c", "image": "busybox", "command": OBEYS}
    meta = {"name": "asker", "namespace": "default"}
    cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container]}})
    cluster.wait("pod", "asker", until="ready", namespace="default", timeout=60)
    result = cluster.exec("asker", ["sh", "-c", _ASK_THE_API], namespace="default")
    assert result.stderr == ""
    return result.stdout


async def test_a_pods_token_is_good_for_the_api(tmp_path: Path) -> None:
    server = Server(ServerConfig(tmp_path, name="tokens"), SystemClock(), progress=lambda _: None)
    await server.start()
    try:
        cluster = connect(server.kubeconfig, server.context)
        assert await asyncio.to_thread(_ask_from_a_pod, cluster) == "system:serviceaccount:default:default\n"
    finally:
        await server.stop()
