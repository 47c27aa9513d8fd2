"""Roles and role bindings."""

from __future__ import annotations

from kitlib.embedded.apimachinery.naming import check_path_segment
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy

__all__ = ["RoleBindingStrategy", "RoleStrategy"]

_GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = ("ServiceAccount", "User", "Group")


class RoleStrategy(Strategy):
    """Roles and ClusterRoles."""

    create_on_update = True
    check_name = staticmethod(check_path_segment)

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Every rule has verbs, and either resources or non-resource URLs."""
        errors: list[FieldError] = []
        for index, rule in enumerate(obj.get("rules") or ()):
            errors += _check_rule(rule, f"rules[{index}]", namespaced=self.resource.namespaced)
        return errors


class RoleBindingStrategy(Strategy):
    """RoleBindings and ClusterRoleBindings: the role they refer to is for life."""

    create_on_update = True
    check_name = staticmethod(check_path_segment)

    def default(self, obj: Object) -> None:
        """Default API groups."""
        obj.setdefault("roleRef", {}).setdefault("apiGroup", _GROUP)
        for subject in obj.get("subjects") or ():
            if subject.get("kind") in ("User", "Group"):
                subject.setdefault("apiGroup", _GROUP)

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check the reference and the subjects."""
        reference = obj["roleRef"]
        errors: list[FieldError] = []
        if reference["apiGroup"] != _GROUP:
            errors.append(fields.not_supported("roleRef.apiGroup", reference["apiGroup"], (_GROUP,)))
        kinds = ("ClusterRole", "Role") if self.resource.namespaced else ("ClusterRole",)
        if reference.get("kind") not in kinds:
            errors.append(fields.not_supported("roleRef.kind", reference.get("kind", ""), kinds))
        errors += fields.named("roleRef.name", reference.get("name", ""), check_path_segment)
        for index, subject in enumerate(obj.get("subjects") or ()):
            errors += _check_subject(subject, f"subjects[{index}]", namespaced=self.resource.namespaced)
        return errors

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """Who wants another role makes another binding."""
        if obj["roleRef"] == old["roleRef"]:
            return []
        return [fields.invalid("roleRef", obj["roleRef"], "cannot change roleRef")]


def _check_rule(rule: Object, path: str, *, namespaced: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    if not rule.get("verbs"):
        errors.append(fields.required(f"{path}.verbs", "verbs must contain at least one value"))
    if urls := rule.get("nonResourceURLs"):
        if namespaced:
            detail = "namespaced rules cannot apply to non-resource URLs"
            errors.append(fields.invalid(f"{path}.nonResourceURLs", urls, detail))
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(fields.invalid(f"{path}.nonResourceURLs", urls, detail))
        return errors
    if not rule.get("apiGroups"):
        errors.append(fields.required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        errors.append(fields.required(f"{path}.resources", "resource rules must supply at least one resource"))
    return errors


def _check_subject(subject: Object, path: str, *, namespaced: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    if not subject.get("name"):
        errors.append(fields.required(f"{path}.name"))
    kind = subject.get("kind", "")
    if kind not in _SUBJECTS:
        errors.append(fields.not_supported(f"{path}.kind", kind, _SUBJECTS))
    elif kind == "ServiceAccount":
        if not namespaced and not subject.get("namespace"):
            errors.append(fields.required(f"{path}.namespace"))
    elif subject.get("apiGroup") != _GROUP:
        errors.append(fields.not_supported(f"{path}.apiGroup", subject.get("apiGroup", ""), (_GROUP,)))
    return errors
