"""`shareProcessNamespace`: the containers of a pod see each other's processes."""

from __future__ import annotations

from tests.behaviour.pods import Pods, shell, status

LISTED = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done 2>/dev/null"


def test_each_sees_the_others(pods: Pods) -> None:
    """PID 1 is none of theirs; signals and files reach across; without the field nothing is seen."""
    one, two = shell("echo mine > /tmp/file; exec sleep 4241"), shell("exec sleep 4242")
    shared = pods.create(one, two, shareProcessNamespace=True)
    apart = pods.create(one, two)
    pods.ready(shared)
    pods.ready(apart)
    for container in ("c", "c1"):
        assert {"sleep 4241 ", "sleep 4242 "} <= set(pods.sh(shared, LISTED, container).splitlines())
        assert "pause" in pods.sh(shared, "tr '\\0' ' ' < /proc/1/cmdline", container)
    assert "sleep 4242 " not in pods.sh(apart, LISTED).splitlines()
    same = "[ \"$(tr '\\0' ' ' < $p/cmdline)\" = 'sleep 4241 ' ]"
    find = f"for p in /proc/[0-9]*; do {same} && echo ${{p#/proc/}}; done 2>/dev/null | head -1"
    pid = pods.sh(shared, find, "c1").strip()
    assert pods.sh(shared, f"cat /proc/{pid}/root/tmp/file", "c1") == "mine\n"
    pods.sh(shared, f"kill -TERM {pid}", "c1")
    found = pods.until(shared, lambda pod: status(pod)["restartCount"] == 1, "the restart of whom the other has ended")
    assert status(found)["lastState"]["terminated"]["exitCode"] == 143
    assert status(found, "c1")["restartCount"] == 0
    for name in (shared, apart):
        pods.delete(name, 0)
        pods.gone(name)


def test_nothing_is_left_of_a_container_that_ends(pods: Pods) -> None:
    """Not even what had become a child of PID 1."""
    script = "test -f /v/again && exec sleep 4243; touch /v/again; (sleep 4244 & sleep 4245 &); sleep 1; exit 1"
    mounts = [{"name": "v", "mountPath": "/v"}]
    volumes = [{"name": "v", "emptyDir": {}}]
    name = pods.create(
        shell(script, volumeMounts=mounts), shell("exec sleep 4246"), volumes=volumes, shareProcessNamespace=True
    )
    pods.until(name, lambda pod: "running" in status(pod)["state"] and status(pod)["restartCount"] == 1, "its restart")
    pods.patience.until(lambda: "sleep 4243 " in pods.sh(name, LISTED, "c1"), "its second instance")
    listed = pods.sh(name, LISTED, "c1")
    assert "sleep 4246 " in listed
    assert "sleep 4244 " not in listed
    assert "sleep 4245 " not in listed
    pods.delete(name, 0)
