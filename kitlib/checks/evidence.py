"""Predicates about what a learner has written down in a ConfigMap: a diagnosis, with a quote that proves it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from kitlib.checks.checkpoint import Predicate
from kitlib.checks.observation import Observation
from kitlib.checks.verdict import Finding, met, unmet

__all__ = ["fault_named", "noted", "warning_quoted"]

Json = Mapping[str, Any]

#: A quote that is shorter than this fits too many texts to be evidence of anything.
_SHORTEST = 12
_SHORT_NAMES = {
    "po": "pod",
    "pvc": "persistentvolumeclaim",
    "pv": "persistentvolume",
    "sts": "statefulset",
    "svc": "service",
    "cm": "configmap",
    "no": "node",
}


def noted(observation: Observation, config_map: str) -> dict[str, str] | None:
    """Return what a ConfigMap holds, or None when it is not there."""
    found = observation.find("ConfigMap", config_map)
    return None if found is None else dict(found.get("data") or {})


def warning_quoted(
    config_map: str, *, kind: str, naming: Callable[[Observation], Collection[str]] | None = None
) -> Predicate:
    """Want a quote from a Warning event: `object` says what the event is about, `evidence` is part of its text.

    Args:
        config_map: where the learner wrote it down.
        kind: of the object that the telling event is about; events about others only show what followed from it.
        naming: returns names of which the quote must contain one, where an object has Warnings that tell nothing.
    """
    wanted = f"`evidence` is part of a Warning about the {kind} that `object` names"

    def test(observation: Observation) -> Finding:
        note = noted(observation, config_map)
        if note is None:
            return unmet(f"no ConfigMap {config_map}", wanted)
        about, quote = note.get("object", ""), _squeezed(note.get("evidence", ""))
        shown, (of, name) = f"{about or 'no object'}: {quote or 'no evidence'}", _thing(about)
        if of != kind.lower():
            return unmet(shown, wanted)
        if len(quote) < _SHORTEST:
            return unmet(f"{shown} (too short to prove anything)", wanted)
        said = [_squeezed(str(event.get("message", ""))) for event in _warnings(observation, of, name)]
        if not any(quote in text for text in said):
            last = f"the last one says: {said[-1]}" if said else "there is none"
            return unmet(f"{shown} — no Warning about {about} says that; {last}", wanted)
        names = naming(observation) if naming is not None else ()
        if names and not any(one in quote for one in names):
            return unmet(f"{shown} — true, but it does not say what is wrong", wanted)
        return met(shown, wanted)

    return test


def fault_named(config_map: str, faults: Collection[tuple[str, str]]) -> Predicate:
    """Want `culprit` (as kind/name) and `field` to be one of these pairs."""
    wanted = "the object whose definition is wrong, and the field in it"

    def test(observation: Observation) -> Finding:
        note = noted(observation, config_map)
        if note is None:
            return unmet(f"no ConfigMap {config_map}", wanted)
        culprit, field = note.get("culprit", "").strip(), note.get("field", "").strip()
        seen = f"{culprit or 'no culprit'}, {field or 'no field'}"
        accepted = {(_thing(one), of.lower()) for one, of in faults}
        # A path such as spec.template.spec.containers[0].image names its last part.
        named = (_thing(culprit), field.rpartition(".")[2].partition("[")[0].lower())
        return (met if named in accepted else unmet)(seen, wanted)

    return test


def _warnings(observation: Observation, kind: str, name: str) -> list[Json]:
    return [
        event
        for event in observation.events
        if event.get("type") == "Warning"
        and str((event.get("involvedObject") or {}).get("kind", "")).lower() == kind
        and (event.get("involvedObject") or {}).get("name") == name
    ]


def _thing(text: str) -> tuple[str, str]:
    """Return the kind in small letters and the name of `pod/web-0`, `Pod/web-0`, `pods/web-0` or `po/web-0`."""
    kind, _, name = text.strip().lower().replace(" ", "/", 1).partition("/")
    kind = kind.partition(".")[0]
    return _SHORT_NAMES.get(kind, kind.removesuffix("s")), name.strip()


def _squeezed(text: str) -> str:
    return " ".join(text.split())
