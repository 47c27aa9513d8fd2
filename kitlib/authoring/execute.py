"""Execute a solved notebook on a fresh cluster and store its outputs: what readers see and nbval compares."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from kitlib.authoring.build import dump
from kitlib.environments.embedded import EmbeddedProvider
from kitlib.errors import LabError
from kitlib.lab import LabFiles
from kitlib.lab.surroundings import kernel_environment

__all__ = ["execute"]

_CELL_SECONDS = 120


def execute(files: LabFiles) -> Path:
    """Run a lab's solved notebook in strict mode and write it back with its outputs.

    Raises:
        LabError: a cell failed; nothing is written then.
    """
    with tempfile.TemporaryDirectory(prefix="kit-author-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        provider = EmbeddedProvider(folder / "state")
        info = provider.create("authoring", nodes=files.spec().nodes, node_timeouts=files.spec().node_timeouts)
        try:
            (folder / "work").mkdir()
            (folder / "home").mkdir()
            environment = kernel_environment(
                info.kubeconfig,
                namespace=files.spec().namespace,
                course=files.course,
                home=folder / "home",
                strict=True,
            )
            notebook = _run(files.solved, folder / "work", environment)
        finally:
            provider.delete("authoring")
    files.solved.write_text(dump(notebook))
    return files.solved


def _run(file: Path, folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    # See kitlib.grading.engine: this spares two seconds.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import nbformat  # noqa: PLC0415 -- slow, and for authors only
    from nbclient import NotebookClient  # noqa: PLC0415
    from nbclient.exceptions import CellExecutionError  # noqa: PLC0415

    notebook = nbformat.read(file, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=_CELL_SECONDS,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        raise LabError(f"{file} does not run: {error.ename}: {error.evalue}", fix="correct the lab's source") from None
    done: dict[str, Any] = json.loads(nbformat.writes(notebook))
    done["metadata"]["language_info"] = {
        key: value
        for key, value in done["metadata"]["language_info"].items()
        if key in ("file_extension", "mimetype", "name")  # The patch version of Python is nobody's business.
    }
    return done
