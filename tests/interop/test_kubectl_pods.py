"""Into and out of pods by the real kubectl: exec, logs, cp, attach, describe, and everything about a single object."""

from __future__ import annotations

import os
import pty
import select
import subprocess
from pathlib import Path
from typing import IO

import pytest

from tests.support.kubectl import Kubectl

CRASHING = """\
apiVersion: v1
kind: Pod
metadata: {name: crashing}
spec:
  containers:
  - name: main
    image: busybox:1.36
    command: [sh, -c, "echo run; test -e /data/stop && sleep 1000; touch /data/stop; exit 7"]
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, emptyDir: {}}]
"""
TALKING = """\
apiVersion: v1
kind: Pod
metadata: {name: talking}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: busybox:1.36
    command: [sh, -c, "for n in 1 2 3; do echo line $n; done;
      while [ ! -e /go ]; do sleep 0.05; done; echo line 4; sleep 1000"]
"""


@pytest.fixture
def pod(kubectl: Kubectl) -> Kubectl:
    """A namespace with one running pod, `web`."""
    kubectl("run", "web", "--image=nginx:1.25", "--labels=app=web", "--port=80")
    kubectl("wait", "pod/web", "--for=condition=Ready", "--timeout=20s")
    return kubectl


def read_until(stream: IO[str], text: str) -> str:
    """Return the first line with `text` in it."""
    for line in stream:
        if text in line:
            return line
    raise AssertionError(f"the stream ended without {text!r}")


def test_exec_gives_the_output_and_the_exit_code(pod: Kubectl) -> None:
    assert pod("exec", "web", "--", "sh", "-c", "hostname; echo oops >&2") == "web\n"
    assert "command terminated with exit code 3" in pod.fails("exec", "web", "--", "sh", "-c", "exit 3", code=3)
    assert "container nope is not valid for pod web" in pod.fails("exec", "web", "-c", "nope", "--", "true")
    assert 'pods "nope" not found' in pod.fails("exec", "nope", "--", "true")
    assert pod.run("exec", "web", "--", "no-such-program").returncode not in (0, None)


def test_exec_reads_stdin_to_its_end(pod: Kubectl) -> None:
    text = "".join(f"row {n}\n" for n in range(5000))
    assert pod("exec", "-i", "web", "--", "cat", stdin=text) == text
    assert pod("exec", "-i", "web", "--", "wc", "-l", stdin=text).strip() == "5000"


def test_a_shell_on_a_terminal(pod: Kubectl) -> None:
    terminal, inner = pty.openpty()
    command = pod.command("exec", "-it", "web", "--", "sh")
    process = subprocess.Popen(
        command, env=pod.environment, stdin=inner, stdout=inner, stderr=inner, start_new_session=True
    )
    os.close(inner)
    os.write(terminal, b"tty && echo $((40+2)); exit 5\n")
    shown = b""
    while select.select([terminal], [], [], 20)[0]:
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # the other side is closed
            break
    os.close(terminal)
    assert process.wait(20) == 5
    assert b"/dev/" in shown
    assert b"42" in shown


def test_files_are_copied_both_ways(pod: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_bytes(bytes(range(256)) * 1000)
    pod("cp", str(tmp_path / "folder"), "web:/tmp/folder")
    pod("cp", "web:/tmp/folder/a", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == (tmp_path / "folder" / "a").read_bytes()


def test_logs_are_followed_cut_and_stamped(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=TALKING)
    kubectl("wait", "pod/talking", "--for=condition=Ready", "--timeout=20s")
    following = kubectl.follow("logs", "-f", "talking")
    assert following.stdout is not None
    seen = [following.stdout.readline() for _ in range(3)]
    kubectl("exec", "talking", "--", "touch", "/go")
    seen.append(following.stdout.readline())
    kubectl("delete", "pod", "talking", "--wait=false")
    assert seen == [f"line {n}\n" for n in range(1, 5)]
    assert following.wait(20) == 0
    following.stdout.close()


def test_parts_of_a_log(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=TALKING)
    kubectl("wait", "pod/talking", "--for=condition=Ready", "--timeout=20s")
    assert kubectl("logs", "talking", "--tail=2") == "line 2\nline 3\n"
    assert kubectl("logs", "talking", "--limit-bytes=6") == "line 1"
    assert kubectl("logs", "talking", "--since=1h").count("\n") == 3
    assert kubectl("logs", "talking", "--since-time=2999-01-01T00:00:00Z") == ""
    stamped = kubectl("logs", "talking", "--timestamps").splitlines()
    assert [line.split("Z ", 1)[1] for line in stamped] == ["line 1", "line 2", "line 3"]
    assert kubectl("logs", "pod/talking", "--prefix", "--tail=1") == "[pod/talking/main] line 3\n"
    assert "previous terminated container" in kubectl.fails("logs", "talking", "--previous")


def test_the_log_of_the_container_before(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=CRASHING)
    kubectl("wait", "pod/crashing", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "--timeout=20s")
    assert kubectl("logs", "crashing", "--previous", "--tail=5") == "run\n"
    state = kubectl.json("get", "pod", "crashing")["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (state["exitCode"], state["reason"]) == (7, "Error")


def test_a_pod_that_can_not_start_says_why(kubectl: Kubectl) -> None:
    kubectl("run", "lost", "--image=no-such-image:1")
    kubectl("wait", "pod/lost", "--for=jsonpath={..waiting.reason}", "--timeout=20s")
    assert 'container "lost" in pod "lost" is waiting to start' in kubectl.fails("logs", "lost")
    assert "lost" in kubectl("get", "events", "--field-selector=type=Warning", "-o", "name")


def test_describe_tells_the_story_in_order(running: Kubectl) -> None:
    pod = running("describe", "pod", "web-0")
    events = [line.split()[1] for line in pod.partition("Events:")[2].splitlines()[3:]]
    assert [e for e in events if e in ("Scheduled", "Created", "Started")] == ["Scheduled", "Created", "Started"]
    assert "Controlled By:  StatefulSet/web" in pod
    volume = running.json("get", "pvc", "www-web-0")["spec"]["volumeName"]
    for kind, name, told in (
        ("statefulset", "web", "2 Running / 0 Waiting / 0 Succeeded / 0 Failed"),
        ("pvc", "www-web-0", "Used By:       web-0"),
        ("pv", volume, f"Claim:             {running.namespace}/www-web-0"),
        ("service", "nginx", "IP:                       None"),
        ("node", "kit-control-plane", "KubeletReady"),
        ("storageclass", "standard", "rancher.io/local-path"),
        ("namespace", running.namespace, "Status:       Active"),
    ):
        assert told in running("describe", kind, name), kind


def test_a_watch_shows_changes_as_they_come(running: Kubectl) -> None:
    # One kind at a time: kubectl refuses to watch several.
    claims, sets = (running.follow("get", kind, "--watch", "--no-headers") for kind in ("pvc", "sts"))
    with claims, sets:
        assert claims.stdout is not None
        assert sets.stdout is not None
        assert [claims.stdout.readline().split()[0] for _ in range(2)] == ["www-web-0", "www-web-1"]
        assert sets.stdout.readline().split()[:2] == ["web", "2/2"]
        running("scale", "statefulset", "web", "--replicas=3")
        assert "www-web-2" in read_until(claims.stdout, "Bound")
        assert read_until(sets.stdout, "3/3").startswith("web")
        claims.terminate()
        sets.terminate()


def test_waiting_for_what_never_comes_ends(pod: Kubectl) -> None:
    assert "timed out waiting" in pod.fails("wait", "pod/web", "--for=condition=Nonsense", "--timeout=1s")


def test_labels_annotations_and_an_editor(pod: Kubectl) -> None:
    pod("label", "pod", "web", "tier=front")
    assert "--overwrite is false" in pod.fails("label", "pod", "web", "tier=back")
    pod("label", "pod", "web", "tier=back", "--overwrite")
    assert pod("get", "pods", "-l", "tier=back,app in (web,api)", "-o", "name") == "pod/web\n"
    assert pod("get", "pods", "-L", "tier", "--no-headers").split()[-1] == "back"
    pod("label", "pod", "web", "tier-")
    pod("annotate", "pod", "web", "note=a b")
    editor = Kubectl(pod.kubeconfig, pod.home, pod.namespace, {"KUBE_EDITOR": "sed -i s/note:.a.b/note:\\ edited/"})
    assert editor("edit", "pod", "web") == "pod/web edited\n"
    assert pod("get", "pod", "web", "-o", "jsonpath={.metadata.annotations.note}") == "edited"
    assert "not labeled" in pod("label", "pod", "web", "app=web", "--overwrite")


def test_an_edit_that_is_refused_changes_nothing(pod: Kubectl) -> None:
    editor = Kubectl(
        pod.kubeconfig, pod.home, pod.namespace, {"KUBE_EDITOR": "sed -i s/restartPolicy:.*/restartPolicy:\\ Often/"}
    )
    editor.fails("edit", "pod", "web")
    assert pod("get", "pod", "web", "-o", "jsonpath={.spec.restartPolicy}") == "Always"


def test_events_are_listed_of_one_object(pod: Kubectl) -> None:
    table = pod("events", "--for=pod/web")
    assert table.split()[:5] == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT"]
    assert "Scheduled" in table
    names = pod.json("get", "events", "--sort-by=.metadata.creationTimestamp")["items"]
    assert {e["involvedObject"]["name"] for e in names} == {"web"}
