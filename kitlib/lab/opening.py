"""`open_lab`: from a lab's name to a session on a running cluster, in one call."""

from __future__ import annotations

from pathlib import Path

from kitlib.client import Cluster, connect
from kitlib.errors import ClusterError, UsageError
from kitlib.lab.calls import render_errors, shell
from kitlib.lab.course import Course
from kitlib.lab.magics import register
from kitlib.lab.session import Lab
from kitlib.settings import Settings, settings

__all__ = ["open_cluster", "open_lab"]

#: The IPython extension that draws what a lab returns. The shell loads it by name: a lab knows nothing of views.
_DRAWING = "kitlib.views"

_current: list[Lab] = []


def open_lab(slug: str = "") -> Lab:
    """Open a lab: connect (and start the embedded cluster if none is up), make its namespace, record from now on.

    Opening it again, also in a new kernel, goes on where it was.

    Example:
        >>> lab = open_lab("05-volume-claim-templates")  # doctest: +SKIP
    """
    found, running = settings(), shell()
    if running is not None:
        running.extension_manager.load_extension(_DRAWING)
        if not found.strict:
            render_errors(running)
    files = Course(found.course_dir).lab(slug)  # without a name, the error lists them
    cluster = open_cluster(found)
    namespace = found.namespace or files.spec().namespace
    lab = Lab(
        files,
        cluster,
        namespace=namespace,
        state_dir=_state_dir(found, files.slug, cluster),
        strict=found.strict,
        echo=lambda text: print(text, end="", flush=True),
    )
    lab.open()
    for former in _current:
        former.close()
    _current[:] = [lab]
    if running is not None:
        register(running, lab)
    return lab


def open_cluster(found: Settings) -> Cluster:
    """Connect to the cluster that the user names, else to the embedded one, which is started if need be."""
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
        info = EmbeddedProvider().create(found.cluster)
        cluster = connect(info.kubeconfig, info.context)
    return cluster


def _state_dir(found: Settings, slug: str, cluster: Cluster) -> Path:
    return found.state_dir / "labs" / cluster.access.context / slug
