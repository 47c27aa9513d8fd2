"""`open_lab`: from a lab's name to a session on a running cluster, in one call."""

from __future__ import annotations

from pathlib import Path

from kitlib.client import Cluster, connect
from kitlib.errors import ClusterError, LabError, UsageError
from kitlib.lab.calls import render_errors, shell
from kitlib.lab.course import Course
from kitlib.lab.magics import register
from kitlib.lab.session import Lab
from kitlib.lab.spec import LabSpec
from kitlib.settings import Settings, settings

__all__ = ["open_cluster", "open_lab", "state_dir"]

#: The IPython extension that draws what a lab returns. The shell loads it by name: a lab knows nothing of views.
_DRAWING = "kitlib.views"

_current: list[Lab] = []


def open_lab(slug: str = "", *, seed: str = "") -> Lab:
    """Open a lab: connect (and start the embedded cluster if none is up), make its namespace, record from now on.

    Opening it again, also in a new kernel, goes on where it was.

    Args:
        slug: the lab's name or number.
        seed: of your variant, where a lab has variants; `KIT_SEED` wins, so that a grader decides.

    Example:
        >>> lab = open_lab("05-volume-claim-templates")  # doctest: +SKIP
    """
    found, running = settings(), shell()
    if running is not None:
        running.extension_manager.load_extension(_DRAWING)
        if not found.strict:
            render_errors(running)
    files = Course(found.course_dir).lab(slug)  # without a name, the error lists them
    cluster = open_cluster(found, spec=files.spec())
    seed = found.seed or seed
    namespace = found.namespace or files.spec().for_student(seed)
    lab = Lab(
        files,
        cluster,
        namespace=namespace,
        state_dir=state_dir(found, files.slug, cluster),
        strict=found.strict,
        seed=seed,
        exam=found.exam,
        echo=lambda text: print(text, end="", flush=True),
    )
    lab.open()
    for former in _current:
        former.close()
    _current[:] = [lab]
    if running is not None:
        register(running, lab)
    return lab


def open_cluster(found: Settings, *, spec: LabSpec) -> Cluster:
    """Connect to the cluster that the user names, else to the embedded one, which is started if need be.

    Args:
        found: the user's surroundings.
        spec: of the lab, which says how many nodes it must have at least.

    Raises:
        LabError: it has fewer.
    """
    cluster = _connected(found, spec)
    if spec.nodes > 1 and (there := len(cluster.list("nodes"))) < spec.nodes:
        timeouts = f" --node-timeouts {spec.node_timeouts}" if spec.node_timeouts else ""
        fix = f"kit down, then kit up --nodes {spec.nodes}{timeouts}; what is on the cluster stays"
        raise LabError(f"this lab needs {spec.nodes} nodes, and the cluster has {there}", fix=fix)
    return cluster


def _connected(found: Settings, spec: LabSpec) -> Cluster:
    if found.kubeconfig is not None:
        cluster = connect(found.kubeconfig, found.context)
        cluster.version()
        return cluster
    try:
        cluster = connect()
        cluster.version()
    except (ClusterError, UsageError):
        from kitlib.environments.embedded import EmbeddedProvider  # noqa: PLC0415 -- only when nothing runs yet

        print("starting the embedded cluster …", flush=True)
        nodes = spec.nodes if spec.nodes > 1 else None  # A lab that needs one only takes the cluster as it was.
        info = EmbeddedProvider().create(found.cluster, nodes=nodes, node_timeouts=spec.node_timeouts)
        cluster = connect(info.kubeconfig, info.context)
    return cluster


def state_dir(found: Settings, slug: str, cluster: Cluster) -> Path:
    """Return where a lab's progress and timelines are kept, per cluster."""
    return found.state_dir / "labs" / cluster.access.context / slug
