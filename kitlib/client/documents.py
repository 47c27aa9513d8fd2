"""YAML text becomes API objects that remember on which line they begin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from kitlib.client.failures import ManifestError

__all__ = ["Document", "documents"]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a manifest and the line it starts on (0 when it did not come from text)."""

    object: dict[str, Any]
    line: int = 0
    node: yaml.Node | None = None

    @property
    def title(self) -> str:
        """Return `StatefulSet/web`."""
        return f"{self.object.get('kind')}/{(self.object.get('metadata') or {}).get('name', '?')}"

    def line_of(self, path: str) -> int:
        """Return the line of a field such as `spec.ports[0].port`, or of the nearest thing above it that is there."""
        node, line = self.node, self.line
        for part in re.findall(r"[^.\[\]]+", path):
            if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
                node = node.value[int(part)]
                line = node.start_mark.line + 1
            elif isinstance(node, yaml.MappingNode):
                found = next((pair for pair in node.value if pair[0].value == part), None)
                if found is None:
                    return line
                node, line = found[1], found[0].start_mark.line + 1
            else:
                return line
        return line


def documents(source: str | Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> list[Document]:
    r"""Read every object of a YAML text (or take dicts as they are); `List` objects are unfolded.

    Raises:
        ManifestError: the text is not YAML, or an object lacks apiVersion, kind or name; it names the line.

    Example:
        >>> [d.title for d in documents("apiVersion: v1\nkind: Service\nmetadata: {name: web}")]
        ['Service/web']
    """
    if isinstance(source, str):
        found = _parse(source)
    elif isinstance(source, Mapping):
        found = [Document(dict(source))]
    else:
        found = [Document(dict(one)) for one in source]
    unfolded = [inner for document in found for inner in _unfold(document)]
    if not unfolded:
        raise ManifestError("the manifest is empty", fix="write at least one object with apiVersion, kind and metadata")
    for document in unfolded:
        _check(document)
    return unfolded


def _parse(text: str) -> list[Document]:
    tab = next(
        (n for n, line in enumerate(text.splitlines(), 1) if line[: len(line) - len(line.lstrip())].count("\t")), 0
    )
    loader = _Loader(text)
    found = []
    try:
        while loader.check_node():
            node: Any = loader.get_node()
            value = loader.construct_document(node)
            line = node.start_mark.line + 1
            if value is None:
                continue
            if not isinstance(value, dict):
                raise ManifestError(
                    f"this is {_shape(value)}, not an object",
                    line=line,
                    fix="start with apiVersion:, kind: and metadata:",
                )
            found.append(Document(value, line, node))
    except yaml.MarkedYAMLError as error:
        raise _explain(error, tab) from None
    except yaml.YAMLError as error:
        raise ManifestError(f"this is not YAML: {str(error).splitlines()[0]}", fix="check the text") from None
    finally:
        loader.dispose()
    return found


def _explain(error: yaml.MarkedYAMLError, tab: int) -> ManifestError:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 0
    if tab:
        return ManifestError("a tab is used for indentation", line=tab, fix="indent with spaces")
    problem = error.problem or "this is not YAML"
    if "mapping values are not allowed" in problem:
        fix = "check the indentation, and quote a value that contains a colon"
    elif "expected <block end>" in problem or "could not find expected ':'" in problem:
        fix = "check the indentation of this line and a missing colon before it"
    else:
        fix = "check this line and the one before it"
    return ManifestError(problem, line=line, fix=fix)


def _unfold(document: Document) -> list[Document]:
    if document.object.get("kind") == "List" and isinstance(document.object.get("items"), list):
        return [Document(dict(item), document.line) for item in document.object["items"]]
    return [document]


def _check(document: Document) -> None:
    for field in ("apiVersion", "kind"):
        if not isinstance(document.object.get(field), str):
            raise ManifestError(f"the object has no {field}", line=document.line, fix=f"add {field}: at its top level")
    metadata = document.object.get("metadata")
    if not isinstance(metadata, dict) or not (metadata.get("name") or metadata.get("generateName")):
        raise ManifestError(
            f"this {document.object['kind']} has no name",
            line=document.line_of("metadata"),
            fix="write name: under metadata:, two spaces further in"
            if "metadata" in document.object
            else "add metadata: with name: under it",
        )


def _shape(value: object) -> str:
    return "a list" if isinstance(value, list) else f"the text {str(value)[:30]!r}"
