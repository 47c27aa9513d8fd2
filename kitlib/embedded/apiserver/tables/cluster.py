"""Rows of nodes, namespaces, configuration, accounts, leases, classes and roles."""

from __future__ import annotations

from datetime import datetime

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apiserver.tables.columns import AGE, NAME, NONE, UNKNOWN, Column, Printer, Row, age, joined

__all__ = [
    "BINDING",
    "CONFIG_MAP",
    "LEASE",
    "NAMESPACE",
    "NODE",
    "PRIORITY_CLASS",
    "ROLE",
    "SECRET",
    "SERVICE_ACCOUNT",
]

_ROLE_PREFIX = "node-role.kubernetes.io/"


def _node(obj: Object, now: datetime) -> Row:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    info = status.get("nodeInfo") or {}
    ready = next((c.get("status") for c in status.get("conditions") or () if c.get("type") == "Ready"), None)
    shown = {"True": "Ready", None: "Unknown"}.get(ready, "NotReady")
    if spec.get("unschedulable"):
        shown += ",SchedulingDisabled"
    labels = obj["metadata"].get("labels") or {}
    roles = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)} - {""}
    if role := labels.get("kubernetes.io/role"):
        roles.add(role)
    addresses = {entry["type"]: entry["address"] for entry in reversed(status.get("addresses") or [])}
    return [
        obj["metadata"]["name"],
        shown,
        joined(sorted(roles)),
        age(obj, now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", NONE),
        addresses.get("ExternalIP", NONE),
        info.get("osImage") or UNKNOWN,
        info.get("kernelVersion") or UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _namespace(obj: Object, now: datetime) -> Row:
    return [obj["metadata"]["name"], (obj.get("status") or {}).get("phase", ""), age(obj, now)]


def _config_map(obj: Object, now: datetime) -> Row:
    count = len(obj.get("data") or {}) + len(obj.get("binaryData") or {})
    return [obj["metadata"]["name"], count, age(obj, now)]


def _secret(obj: Object, now: datetime) -> Row:
    return [obj["metadata"]["name"], obj.get("type", ""), len(obj.get("data") or {}), age(obj, now)]


def _service_account(obj: Object, now: datetime) -> Row:
    return [obj["metadata"]["name"], len(obj.get("secrets") or ()), age(obj, now)]


def _lease(obj: Object, now: datetime) -> Row:
    return [obj["metadata"]["name"], (obj.get("spec") or {}).get("holderIdentity", ""), age(obj, now)]


def _priority_class(obj: Object, now: datetime) -> Row:
    return [
        obj["metadata"]["name"],
        obj.get("value", 0),
        bool(obj.get("globalDefault")),
        age(obj, now),
        obj.get("preemptionPolicy", ""),
    ]


def _role(obj: Object, now: datetime) -> Row:
    return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp", UNKNOWN)]


def _binding(obj: Object, now: datetime) -> Row:
    subjects: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in obj.get("subjects") or ():
        name = subject.get("name", "")
        shown = f"{subject.get('namespace', '')}/{name}" if subject.get("kind") == "ServiceAccount" else name
        subjects.setdefault(subject.get("kind", ""), []).append(shown)
    role = f"{obj['roleRef'].get('kind', '')}/{obj['roleRef'].get('name', '')}"
    listed = [", ".join(subjects[kind]) for kind in ("User", "Group", "ServiceAccount")]
    return [obj["metadata"]["name"], role, age(obj, now), *listed]


NODE = Printer(
    (
        NAME,
        Column("Status"),
        Column("Roles"),
        AGE,
        Column("Version"),
        Column("Internal-IP", wide=True),
        Column("External-IP", wide=True),
        Column("OS-Image", wide=True),
        Column("Kernel-Version", wide=True),
        Column("Container-Runtime", wide=True),
    ),
    _node,
)
NAMESPACE = Printer((NAME, Column("Status"), AGE), _namespace)
CONFIG_MAP = Printer((NAME, Column("Data", "integer"), AGE), _config_map)
SECRET = Printer((NAME, Column("Type"), Column("Data", "integer"), AGE), _secret)
SERVICE_ACCOUNT = Printer((NAME, Column("Secrets", "integer"), AGE), _service_account)
LEASE = Printer((NAME, Column("Holder"), AGE), _lease)
PRIORITY_CLASS = Printer(
    (NAME, Column("Value", "integer"), Column("Global-Default", "boolean"), AGE, Column("PreemptionPolicy")),
    _priority_class,
)
ROLE = Printer((NAME, Column("Created At", "date")), _role)
BINDING = Printer(
    (
        NAME,
        Column("Role"),
        AGE,
        Column("Users", wide=True),
        Column("Groups", wide=True),
        Column("ServiceAccounts", wide=True),
    ),
    _binding,
)
