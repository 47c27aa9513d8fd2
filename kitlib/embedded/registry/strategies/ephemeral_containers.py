"""Ephemeral containers: added to a running pod through `pods/ephemeralcontainers`, and never changed or removed.

Source: Kubernetes' validation of ephemeral containers.
"""

from __future__ import annotations

import json

from kitlib.embedded.apimachinery.naming import check_dns_label
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.container_validation import validate_container

__all__ = ["keep_all_but_ephemeral", "validate_ephemeral", "validate_ephemeral_change"]

_FIELD = "ephemeralContainers"
_MIRROR = "kubernetes.io/config.mirror"
_NOT_HERE = "cannot be set for an Ephemeral Container"
# Nobody may rely on what is added for a look.
_REFUSED = (
    *("ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules"),
    *("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"),
)


def keep_all_but_ephemeral(new: Object, old: Object) -> None:
    """Undo what a write to `pods/ephemeralcontainers` may not change: everything but those."""
    wanted = (new.get("spec") or {}).get(_FIELD)
    new["spec"] = {key: value for key, value in old["spec"].items() if key != _FIELD}
    if wanted:
        new["spec"][_FIELD] = wanted


def validate_ephemeral(spec: Object, path: str = "spec") -> list[FieldError]:
    """Check the ephemeral containers of a pod; their names share the space of all containers."""
    others = [c.get("name", "") for group in ("containers", "initContainers") for c in spec.get(group) or ()]
    names, errors = set(others), list[FieldError]()
    volumes = {volume.get("name", "") for volume in spec.get("volumes") or ()}
    for index, container in enumerate(spec.get(_FIELD) or ()):
        here, name = f"{path}.{_FIELD}[{index}]", container.get("name", "")
        errors += fields.named(f"{here}.name", name, check_dns_label)
        errors += validate_container(container, here, volumes)
        if name and name in names:
            errors.append(fields.duplicate(f"{here}.name", name))
        names.add(name)
        target = container.get("targetContainerName", "")
        if target and target not in others:
            errors.append(fields.not_found(f"{here}.targetContainerName", target))
        errors += [fields.forbidden(f"{here}.{field}", _NOT_HERE) for field in _REFUSED if container.get(field)]
        for number, mount in enumerate(container.get("volumeMounts") or ()):
            where = f"{here}.volumeMounts[{number}]"
            errors += [fields.forbidden(f"{where}.{f}", _NOT_HERE) for f in ("subPath", "subPathExpr") if mount.get(f)]
    return errors


def validate_ephemeral_change(new: Object, old: Object) -> list[FieldError]:
    """Compare two pods: what was added stays as it is."""
    if _MIRROR in (old["metadata"].get("annotations") or {}):
        return [fields.forbidden("", "static pods do not support ephemeral containers")]
    errors, present = [], {container["name"]: container for container in new["spec"].get(_FIELD) or ()}
    for container in old["spec"].get(_FIELD) or ():
        shown, now = json.dumps(container["name"]), present.get(container["name"])
        if now is None:
            detail = f"existing ephemeral containers {shown} may not be removed\n"
        elif now != container:
            changed = sorted(key for key in {*now, *container} if now.get(key) != container.get(key))
            detail = f"existing ephemeral containers {shown} may not be changed\n{', '.join(changed)}"
        else:
            continue
        errors.append(fields.forbidden(f"spec.{_FIELD}", detail))
    return errors
