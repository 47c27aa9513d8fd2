"""The one door to any cluster: connect, apply, wait, exec, logs, timeline.

It knows Kubernetes, not labs. What it imports is counted in milliseconds, because a learner's kernel starts with it.

Example:
    >>> from kitlib.client import connect
    >>> cluster = connect()  # doctest: +SKIP
    >>> cluster.wait("sts", "web", until="ready")  # doctest: +SKIP
"""

from __future__ import annotations

from kitlib.client.applying import Applied
from kitlib.client.changes import RECORDED, Change, belongs
from kitlib.client.cluster import Cluster, connect
from kitlib.client.diagnosis import Diagnosis, diagnose
from kitlib.client.execution import ExecResult
from kitlib.client.failures import ApiError, ManifestError, Unreachable, WaitTimeout
from kitlib.client.timeline import Timeline, read_changes

__all__ = [
    "RECORDED",
    "ApiError",
    "Applied",
    "Change",
    "Cluster",
    "Diagnosis",
    "ExecResult",
    "ManifestError",
    "Timeline",
    "Unreachable",
    "WaitTimeout",
    "belongs",
    "connect",
    "diagnose",
    "read_changes",
]
