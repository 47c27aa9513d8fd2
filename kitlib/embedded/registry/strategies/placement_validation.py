"""Validation of what says where a pod may run: affinity, spreading, tolerations, node selectors."""

from __future__ import annotations

from kitlib.embedded.apimachinery.naming import check_dns_label, check_label_value, check_qualified_name
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.label_selector_validation import validate_label_selector
from kitlib.embedded.registry.strategies.metadata_validation import validate_labels

__all__ = ["validate_node_selector", "validate_placement"]

_EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")
_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
_POLICIES = ("Honor", "Ignore")
_REQUIRED, _PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
_WEIGHT = "must be in the range 1-100"


def validate_placement(spec: Object, path: str) -> list[FieldError]:
    """Check everything in a pod spec that the scheduler reads."""
    errors = validate_labels(spec.get("nodeSelector") or {}, f"{path}.nodeSelector")
    affinity = spec.get("affinity") or {}
    errors += _node_affinity(affinity.get("nodeAffinity") or {}, f"{path}.affinity.nodeAffinity")
    for kind in ("podAffinity", "podAntiAffinity"):
        errors += _pod_affinity(affinity.get(kind) or {}, f"{path}.affinity.{kind}")
    errors += _tolerations(spec.get("tolerations") or [], f"{path}.tolerations")
    return errors + _spread(spec.get("topologySpreadConstraints") or [], f"{path}.topologySpreadConstraints")


def validate_node_selector(selector: Object, path: str) -> list[FieldError]:
    """Check a `NodeSelector`, of a pod or of a volume."""
    terms = selector.get("nodeSelectorTerms") or []
    if not terms:
        return [fields.required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")]
    return [error for i, term in enumerate(terms) for error in _node_term(term, f"{path}.nodeSelectorTerms[{i}]")]


def _node_term(term: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        errors += _node_expression(expression, f"{path}.matchExpressions[{index}]")
    for index, expression in enumerate(term.get("matchFields") or ()):
        here, operator = f"{path}.matchFields[{index}]", expression.get("operator", "")
        if operator not in ("In", "NotIn"):
            errors.append(fields.invalid(f"{here}.operator", operator, "not a valid selector operator"))
        elif len(expression.get("values") or ()) != 1:
            detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            errors.append(fields.required(f"{here}.values", detail))
        if expression.get("key") != "metadata.name":
            errors.append(fields.invalid(f"{here}.key", expression.get("key", ""), "not a valid field selector key"))
    return errors


def _node_expression(expression: Object, path: str) -> list[FieldError]:
    operator, values = expression.get("operator", ""), expression.get("values") or []
    errors: list[FieldError] = []
    if operator in ("In", "NotIn"):
        if not values:
            errors.append(fields.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(fields.forbidden(f"{path}.values", detail))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            errors.append(fields.required(f"{path}.values", detail))
    else:
        errors.append(fields.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    return errors + _label_name(expression.get("key", ""), f"{path}.key")


def _label_name(key: str, path: str) -> list[FieldError]:
    return [fields.invalid(path, key, text) for text in check_qualified_name(key)]


def _weight(term: Object, path: str) -> list[FieldError]:
    weight = term.get("weight", 0)
    return [] if 1 <= weight <= 100 else [fields.invalid(f"{path}.weight", weight, _WEIGHT)]


def _node_affinity(affinity: Object, path: str) -> list[FieldError]:
    errors = validate_node_selector(affinity[_REQUIRED], f"{path}.{_REQUIRED}") if _REQUIRED in affinity else []
    for index, term in enumerate(affinity.get(_PREFERRED) or ()):
        here = f"{path}.{_PREFERRED}[{index}]"
        errors += _weight(term, here) + _node_term(term.get("preference") or {}, f"{here}.preference")
    return errors


def _pod_affinity(affinity: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, term in enumerate(affinity.get(_REQUIRED) or ()):
        errors += _pod_term(term, f"{path}.{_REQUIRED}[{index}]")
    for index, term in enumerate(affinity.get(_PREFERRED) or ()):
        here = f"{path}.{_PREFERRED}[{index}]"
        errors += _weight(term, here) + _pod_term(term.get("podAffinityTerm") or {}, f"{here}.podAffinityTerm")
    return errors


def _pod_term(term: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for name in ("labelSelector", "namespaceSelector"):
        errors += validate_label_selector(term.get(name) or {}, f"{path}.{name}")
    for namespace in term.get("namespaces") or ():
        errors += [fields.invalid(f"{path}.namespace", namespace, text) for text in check_dns_label(namespace)]
    return errors + _topology_key(term, path)


def _topology_key(term: Object, path: str) -> list[FieldError]:
    key, here = term.get("topologyKey", ""), f"{path}.topologyKey"
    return _label_name(key, here) if key else [fields.required(here, "can not be empty")]


def _spread(constraints: list[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[tuple[str, str]] = set()
    for index, constraint in enumerate(constraints):
        here, when = f"{path}[{index}]", constraint.get("whenUnsatisfiable", "")
        if constraint.get("maxSkew", 0) <= 0:
            errors.append(fields.invalid(f"{here}.maxSkew", constraint.get("maxSkew", 0), "must be greater than zero"))
        errors += _topology_key(constraint, here)
        if when not in _UNSATISFIABLE:
            errors.append(fields.not_supported(f"{here}.whenUnsatisfiable", when, _UNSATISFIABLE))
        pair = (constraint.get("topologyKey", ""), when)
        if pair in seen:
            field = f"{here}.{{topologyKey, whenUnsatisfiable}}"
            errors.append(fields.duplicate(field, f"{{{pair[0]}, {pair[1]}}}"))
        seen.add(pair)
        errors += _min_domains(constraint, here, when)
        for policy in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            if policy in constraint and constraint[policy] not in _POLICIES:
                errors.append(fields.not_supported(f"{here}.{policy}", constraint[policy], _POLICIES))
        errors += validate_label_selector(constraint.get("labelSelector") or {}, f"{here}.labelSelector")
    return errors


def _min_domains(constraint: Object, path: str, when: str) -> list[FieldError]:
    domains, here = constraint.get("minDomains"), f"{path}.minDomains"
    if domains is None:
        return []
    errors = [] if domains > 0 else [fields.invalid(here, domains, "must be greater than zero")]
    if when != "DoNotSchedule":
        detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {when}"
        errors.append(fields.invalid(here, domains, detail))
    return errors


def _tolerations(tolerations: list[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, toleration in enumerate(tolerations):
        here = f"{path}[{index}]"
        operator, key, effect = toleration.get("operator") or "Equal", toleration.get("key"), toleration.get("effect")
        if key:
            errors += _label_name(key, f"{here}.key")
        elif operator != "Exists":
            detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            errors.append(fields.invalid(f"{here}.operator", operator, detail))
        if "tolerationSeconds" in toleration and effect != "NoExecute":
            detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            errors.append(fields.invalid(f"{here}.effect", effect or "", detail))
        if operator == "Equal":
            complaints = check_label_value(toleration.get("value", ""))
            errors += [fields.invalid(f"{here}.operator", toleration.get("value", ""), c) for c in complaints]
        elif operator != "Exists":
            errors.append(fields.not_supported(f"{here}.operator", operator, ("Equal", "Exists")))
        elif toleration.get("value"):
            detail = "value must be empty when `operator` is 'Exists'"
            errors.append(fields.invalid(f"{here}.operator", toleration, detail))
        if effect and effect not in _EFFECTS:
            errors.append(fields.not_supported(f"{here}.effect", effect, _EFFECTS))
    return errors
