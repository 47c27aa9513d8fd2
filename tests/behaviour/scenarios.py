"""The list of scenarios at the end of docs/behaviour.md, made from what the tests say of themselves.

`python -m tests.behaviour.scenarios` writes it anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["PAGE", "page_with_scenarios"]

PAGE = Path(__file__).parents[2] / "docs" / "behaviour.md"
_HEADING = "## Scenarios\n"


def page_with_scenarios(page: str) -> str:
    """Return the page with the list that belongs to the tests as they are now."""
    return page.partition(_HEADING)[0] + _HEADING + "\n" + "\n".join(_sections()) + "\n"


def _sections() -> Iterator[str]:
    yield "Upstream's names where a scenario is one of theirs; the others say what they see."
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        module = ast.parse(path.read_text())
        yield f"\n### {_sentence(module).rstrip('.')}\n"
        yield f"| scenario | test in `behaviour/{path.name}` |\n|---|---|"
        for test in module.body:
            if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef) and test.name.startswith("test_"):
                yield f"| {_sentence(test) or _words(test.name)} | `{test.name}` |"


def _sentence(node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    lines = (ast.get_docstring(node) or "").split("\n\n" if isinstance(node, ast.Module) else "\0")[0]
    return re.sub(r"\s+", " ", re.sub(r"\n\n+", " · ", lines)).replace("|", r"\|").strip()


def _words(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


if __name__ == "__main__":
    PAGE.write_text(page_with_scenarios(PAGE.read_text()))
