"""`kit lab` and `kit break`, as a learner types them, on a cluster that runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kitlib.client import connect
from kitlib.lab import Course
from kitlib.lab.reset import ensure_namespace, remove_cluster_objects

SCENARIO = """\
# The shop's page does not open.
# Nobody changed anything.
apiVersion: v1
kind: Pod
metadata: {name: shop}
spec: {containers: [{name: shop, image: "nonesuch:1"}]}
"""


@pytest.fixture
def course(tmp_path):
    """A course of one lab that has something to break; its files may be changed."""
    root = tmp_path / "course"
    for part in ("labs", "solutions"):
        shutil.copytree(Course.here().lab("05").course / part / "05-volume-claim-templates", root / part / "05-x")
    checkpoints = root / "solutions/05-x/checkpoints.py"
    checkpoints.write_text(checkpoints.read_text().replace('slug="05-volume-claim-templates"', 'slug="05-x"'))
    (root / "labs/05-x/scenarios").mkdir()
    (root / "labs/05-x/scenarios/shop.yaml").write_text(SCENARIO)
    return Course(root)


@pytest.fixture
def kit(course, info, cluster, tmp_path, request):
    namespace = f"k-{request.node.name.replace('_', '-')[5:40].strip('-')}"
    environment = {
        **os.environ,
        "KIT_COURSE_DIR": str(course.root),
        "KIT_KUBECONFIG": str(info.kubeconfig),
        "KIT_NAMESPACE": namespace,
        "KIT_STATE_DIR": str(tmp_path / "state"),
    }

    def run(*arguments):
        program = str(Path(sys.executable).with_name("kit"))
        return subprocess.run(
            [program, *arguments], env=environment, capture_output=True, text=True, timeout=60, cwd=course.root
        )

    run.namespace = namespace
    yield run
    cluster.delete("namespace", namespace)


def test_a_lab_is_started_worked_in_and_reset(kit, course, cluster):
    spec = course.lab("05").spec()
    of_all = f"of {spec.points:3g} points"
    assert f"{len(spec.checkpoints)} checkpoints" in kit("lab", "list").stdout
    started = kit("lab", "start", "05")
    assert (started.returncode, started.stderr) == (0, "")
    assert f"namespace {kit.namespace} is made" in started.stdout and "labs/05-x/lab.ipynb" in started.stdout
    assert "is there already" in kit("lab", "start", "05").stdout

    service = (course.root / "solutions/05-x/manifests/service.yaml").read_text()
    cluster.apply(service, namespace=kit.namespace)
    code = "from kitlib import open_lab; open_lab('05').check('headless-service')"
    environment = {"KIT_COURSE_DIR": str(course.root), "KIT_NAMESPACE": kit.namespace}
    environment |= {
        "KIT_KUBECONFIG": str(cluster.access.kubeconfig),
        "KIT_STATE_DIR": str(course.root.parent / "state"),
    }
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | environment, timeout=60)
    assert f"4 {of_all}  1 of {len(spec.checkpoints)} checkpoints" in kit("lab", "status").stdout

    (course.root / "labs/05-x/lab.ipynb").write_text("mine")
    done = kit("lab", "reset", "05", "--notebook")
    assert done.returncode == 0 and f"namespace/{kit.namespace}" in done.stdout
    assert cluster.find("namespace", kit.namespace) is None
    assert f"0 {of_all}" in kit("lab", "status").stdout
    kept = course.root / "labs/05-x/lab.before-reset-1.ipynb"
    assert kept.read_text() == "mine" and "headless-service" in (course.root / "labs/05-x/lab.ipynb").read_text()


def test_something_is_broken_on_purpose(kit, cluster):
    assert kit("break").stdout == f"{'shop':24} The shop's page does not open. Nobody changed anything.\n"
    done = kit("break", "shop")
    assert done.stdout.splitlines()[0].startswith("The shop's page") and "pod/shop" in done.stdout
    assert cluster.find("pod", "shop", namespace=kit.namespace) is not None
    refused = kit("break", "everything")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1) and "use one of: shop" in refused.stderr


def test_cluster_scoped_objects_of_a_lab_go_with_it(cluster, info):
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "of-a-lab"},
        "spec": {"capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/v"}},
    }
    cluster.create(volume)
    for namespace in ("a-lab", "another"):
        claim = {"namespace": namespace, "name": "data", "uid": "gone"}
        left = volume | {"metadata": {"name": f"left-by-{namespace}"}, "spec": volume["spec"] | {"claimRef": claim}}
        cluster.create(left)
    named = {"PersistentVolume": ("of-a-lab", "never-made"), "StorageClass": ("none",)}
    gone = remove_cluster_objects(cluster, named, namespace="a-lab")
    assert gone == ["persistentvolume/of-a-lab", "persistentvolume/left-by-a-lab"]
    assert [cluster.find("pv", name) for name in ("of-a-lab", "left-by-a-lab")] == [None, None]
    assert remove_cluster_objects(cluster, {}, namespace="another") == ["persistentvolume/left-by-another"]


def test_a_seed_gives_a_namespace_of_its_own_and_an_exam_no_hints(info, tmp_path):
    code = (
        "from kitlib import open_lab; lab = open_lab('05', seed='anna'); print(lab.namespace); "
        "print(lab.hint('scale-up').title); print(lab.variant().title); lab.reset(); lab.close()"
    )
    environment = {"KIT_KUBECONFIG": str(info.kubeconfig), "KIT_STATE_DIR": str(tmp_path), "KIT_EXAM": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == [
        "lab-05-anna",
        "This is an exam: there are no hints and no solutions.",
        "This lab is the same for everybody.",
    ]
    connect(info.kubeconfig, info.context).delete("namespace", "lab-05-anna")


def test_why_in_a_notebook(info, cluster, tmp_path):
    ensure_namespace(cluster, "why", slug="tests")
    cluster.apply(SCENARIO, namespace="why")
    code = "from kitlib import open_lab; lab = open_lab('05'); print(lab.why('pod/shop')); lab.close()"
    cluster.wait("pod", "shop", namespace="why", until=lambda pod: bool(pod and pod["spec"].get("nodeName")))
    environment = {"KIT_KUBECONFIG": str(info.kubeconfig), "KIT_STATE_DIR": str(tmp_path), "KIT_NAMESPACE": "why"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, timeout=60
    )
    assert "default-scheduler" in done.stdout, done.stderr
    cluster.delete("namespace", "why")
