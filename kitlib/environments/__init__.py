"""Where a cluster comes from: embedded, kind, or a kubeconfig the user names; create, delete, status, doctor."""

from __future__ import annotations

from kitlib.environments.provider import ClusterInfo, ClusterStatus, Finding, Progress, Provider

__all__ = ["ClusterInfo", "ClusterStatus", "Finding", "Progress", "Provider"]
