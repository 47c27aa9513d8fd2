"""The verbs of the labs, by the real kubectl, on the labs' manifests."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.kubectl import Kubectl


def columns(table: str) -> list[str]:
    return table.splitlines()[0].split()


def test_pods_are_listed_with_their_node_and_address(running: Kubectl) -> None:
    table = running("get", "pods", "-o", "wide")
    header, *rows = table.splitlines()
    assert header.split()[:6] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP"]
    assert [row.split()[:3] for row in rows] == [["web-0", "1/1", "Running"], ["web-1", "1/1", "Running"]]
    assert rows[0].split()[6] == "kit-control-plane"
    assert rows[0].split()[5] != rows[1].split()[5]


def test_everything_of_the_lab_is_listed_at_once(running: Kubectl) -> None:
    found = running("get", "all,pvc,pv", "-o", "name").split()
    assert {
        "pod/web-0",
        "pod/web-1",
        "service/nginx",
        "statefulset.apps/web",
        "persistentvolumeclaim/www-web-0",
        "persistentvolumeclaim/www-web-1",
    } <= set(found)
    volume = running.json("get", "pvc", "www-web-0")["spec"]["volumeName"]
    assert f"persistentvolume/{volume}" in found


def test_a_second_apply_changes_nothing(running: Kubectl, web: Path) -> None:
    before = running.json("get", "statefulset,service", "-l", "app!=none")["items"]
    said = running("apply", "-f", str(web)).splitlines()
    # A claim template is one value for a patch, and the server has filled in its defaults: kubectl sends a patch for
    # it every time, on any cluster, and says "configured".
    assert said == ["service/nginx unchanged", "statefulset.apps/web configured"]
    after = running.json("get", "statefulset,service", "-l", "app!=none")["items"]
    assert [o["metadata"]["resourceVersion"] for o in after] == [o["metadata"]["resourceVersion"] for o in before]


def test_apply_changes_what_the_file_changes_and_diff_shows_it_before(running: Kubectl, web: Path) -> None:
    assert running("diff", "-f", str(web)) == ""
    web.write_text(web.read_text().replace("replicas: 2", "replicas: 3").replace("nginx:1.25", "nginx:1.26"))
    difference = running.run("diff", "-f", str(web))
    assert difference.returncode == 1
    assert "-  replicas: 2" in difference.stdout
    assert "+  replicas: 3" in difference.stdout
    running("apply", "-f", str(web))
    running("rollout", "status", "statefulset/web", "--timeout=20s")
    pods = running.json("get", "pods", "-l", "app=nginx")["items"]
    assert [p["spec"]["containers"][0]["image"] for p in pods] == ["nginx:1.26"] * 3


def test_server_side_apply_owns_conflicts_and_repeats(kubectl: Kubectl, web: Path) -> None:
    assert "serverside-applied" in kubectl("apply", "--server-side", "-f", str(web))
    first = kubectl.json("get", "service", "nginx")["metadata"]["resourceVersion"]
    kubectl("apply", "--server-side", "-f", str(web))
    assert kubectl.json("get", "service", "nginx")["metadata"]["resourceVersion"] == first
    kubectl("scale", "statefulset", "web", "--replicas=1")
    conflict = kubectl.fails("apply", "--server-side", "-f", str(web))
    assert ".spec.replicas" in conflict
    kubectl("apply", "--server-side", "--force-conflicts", "-f", str(web))
    assert kubectl.json("get", "statefulset", "web")["spec"]["replicas"] == 2


def test_a_misspelt_field_is_refused_by_name(kubectl: Kubectl, web: Path) -> None:
    web.write_text(web.read_text().replace("serviceName:", "servicename:"))
    assert 'unknown field "spec.servicename"' in kubectl.fails("apply", "-f", str(web))
    assert "unknown field" in kubectl.fails("create", "--dry-run=server", "-f", str(web))


def test_scale_waits_for_what_it_expects(running: Kubectl) -> None:
    assert running("scale", "statefulset/web", "--replicas=3") == "statefulset.apps/web scaled\n"
    running("wait", "statefulset/web", "--for=jsonpath={.status.readyReplicas}=3", "--timeout=20s")
    assert "Expected replicas to be 7, was 3" in running.fails(
        "scale", "statefulset/web", "--current-replicas=7", "--replicas=1"
    )
    running("scale", "statefulset/web", "--current-replicas=3", "--replicas=1")
    running("wait", "pod/web-1", "--for=delete", "--timeout=20s")
    claims = running("get", "pvc", "-o", "name").split()
    assert claims == [f"persistentvolumeclaim/www-web-{n}" for n in range(3)]


def test_a_rollout_is_followed_told_and_undone(running: Kubectl) -> None:
    running("set", "image", "statefulset/web", "nginx=nginx:1.26")
    running("annotate", "statefulset/web", "kubernetes.io/change-cause=a newer nginx")
    status = running("rollout", "status", "statefulset/web", "--timeout=20s")
    assert status.splitlines()[-1] == "partitioned roll out complete: 2 new pods have been updated..."
    history = running("rollout", "history", "statefulset/web").splitlines()
    assert [line.split()[0] for line in history[1:] if line] == ["REVISION", "1", "2"]
    assert "nginx:1.25" in running("rollout", "history", "statefulset/web", "--revision=1")
    assert "rolled back" in running("rollout", "undo", "statefulset/web")
    running("rollout", "status", "statefulset/web", "--timeout=20s")
    images = running("get", "pods", "-o", "jsonpath={.items[*].spec.containers[0].image}").split()
    assert images == ["nginx:1.25", "nginx:1.25"]
    assert "skipped rollback" in running("rollout", "undo", "statefulset/web", "--to-revision=3")
    assert "unable to find specified revision 9" in running.fails(
        "rollout", "undo", "statefulset/web", "--to-revision=9"
    )


def test_a_restart_replaces_the_pods_and_keeps_the_claims(running: Kubectl) -> None:
    def uids(kind: str) -> dict[str, str]:
        return {o["metadata"]["name"]: o["metadata"]["uid"] for o in running.json("get", kind)["items"]}

    pods, claims = uids("pods"), uids("pvc")
    running("rollout", "restart", "statefulset/web")
    running("rollout", "status", "statefulset/web", "--timeout=20s")
    assert uids("pvc") == claims
    assert uids("pods").keys() == pods.keys()
    assert not set(uids("pods").values()) & set(pods.values())


def test_a_deployment_rolls_out_and_back_too(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "front", "--image=nginx:1.25", "--replicas=2")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/front", "--timeout=20s")
    kubectl("set", "image", "deployment/front", "nginx=nginx:1.26")
    kubectl("rollout", "status", "deployment/front", "--timeout=20s")
    kubectl("rollout", "undo", "deployment/front")
    kubectl("rollout", "status", "deployment/front", "--timeout=20s")
    assert kubectl("get", "deployment", "front", "-o", "jsonpath={..image}") == "nginx:1.25"
    assert columns(kubectl("get", "deployment")) == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]


def test_deleting_waits_until_it_is_gone(running: Kubectl) -> None:
    before = running.json("get", "pod", "web-1")["metadata"]["uid"]
    assert "deleted" in running("delete", "pod", "web-1")
    running("wait", "pod/web-1", "--for=create", "--timeout=20s")
    assert running.json("get", "pod", "web-1")["metadata"]["uid"] != before


def test_a_forced_deletion_does_not_wait(running: Kubectl) -> None:
    done = running.run("delete", "pod", "web-0", "--force", "--grace-period=0")
    assert done.returncode == 0
    assert "Immediate deletion does not wait" in done.stderr


def test_orphaned_pods_stay_and_are_adopted_again(running: Kubectl, web: Path) -> None:
    before = running.json("get", "pod", "web-0")["metadata"]
    running("delete", "statefulset", "web", "--cascade=orphan")
    orphan = running.json("get", "pod", "web-0")["metadata"]
    assert orphan["uid"] == before["uid"]
    assert "ownerReferences" not in orphan
    running("apply", "-f", str(web))
    running("wait", "pod/web-0", "--for=jsonpath={.metadata.ownerReferences[0].name}=web", "--timeout=20s")
    assert running.json("get", "pod", "web-0")["metadata"]["uid"] == before["uid"]


def test_deleting_the_set_in_the_foreground_takes_its_pods_and_leaves_the_claims(running: Kubectl) -> None:
    running("delete", "statefulset", "web", "--cascade=foreground")
    assert running("get", "pods", "-o", "name") == ""
    assert len(running("get", "pvc", "-o", "name").split()) == 2


def test_three_types_of_patch(running: Kubectl) -> None:
    def patch(kind: str, body: object) -> str:
        return running("patch", "statefulset", "web", f"--type={kind}", "-p", json.dumps(body))

    strategic = {
        "spec": {"template": {"spec": {"containers": [{"name": "nginx", "env": [{"name": "A", "value": "1"}]}]}}}
    }
    assert patch("strategic", strategic) == "statefulset.apps/web patched\n"
    container = running.json("get", "statefulset", "web")["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["env"]) == ("nginx:1.25", [{"name": "A", "value": "1"}])
    patch("merge", {"metadata": {"labels": {"tier": "front"}}})
    patch("json", [{"op": "test", "path": "/metadata/labels/tier", "value": "front"}])
    patch("json", [{"op": "remove", "path": "/metadata/labels/tier"}])
    assert "tier" not in running.json("get", "statefulset", "web")["metadata"].get("labels", {})
    assert patch("merge", {"spec": {"replicas": 2}}) == "statefulset.apps/web patched (no change)\n"
    failed = running.fails("patch", "sts", "web", "--type=json", '-p=[{"op":"test","path":"/spec/replicas","value":9}]')
    assert "the server rejected our request due to an error in our request" in failed


def test_a_forbidden_change_of_a_set_says_which_fields_may_change(running: Kubectl) -> None:
    said = running.fails("patch", "statefulset", "web", "--type=merge", "-p", '{"spec":{"serviceName":"other"}}')
    assert said.startswith('The StatefulSet "web" is invalid: spec: Forbidden: updates to statefulset spec for fields')
