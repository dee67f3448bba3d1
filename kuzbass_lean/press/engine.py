"""Running one notebook, and giving the executed notebook one form."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

from kuzbass_lean.press.journal import replay
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.press.work import Failure

KERNEL = "python3"

_CELL_FILE = re.compile(r"[^\s\"'(]*ipykernel_\d+[/\\](\d+\.py)")


def execute(
    spec: ReportSpec, path: Path, cell_timeout: int, engine: str = "kernel"
) -> tuple[Any, Failure | None]:
    """Run a report's notebook into a file, in this process (``warm``) or in its own Jupyter kernel.

    The file is written whether the run succeeds or not: a partial notebook shows what happened.

    Returns
    -------
    notebook, Failure or None
        The notebook as it stands in the file; no failure when every cell ran.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _journal(path).unlink(missing_ok=True)  # of an earlier try
    failure = None
    try:
        executed = _papermill(
            spec,
            str(path),
            **_engine(engine, path),
            log_output=False,
            execution_timeout=cell_timeout,
            # How a cold kernel cuts its text into messages is a matter of time.
            coalesce_streams=True,
            # The kernel talks to this process on this machine alone; it need not say so on every start.
            extra_arguments=["--log-level=ERROR"],
        )
    except PapermillExecutionError as error:
        value = str(error.evalue).splitlines()[0] if error.evalue else ""
        failure = Failure(error.cell_index + 1, f"{error.ename}: {value}".rstrip(": "))
        executed = _partial(spec, path)
    except (CellTimeoutError, DeadKernelError) as error:
        late = isinstance(error, CellTimeoutError)
        cause = f"a cell ran longer than {cell_timeout} s" if late else "the kernel died"
        return _bury(spec, path, cause)
    return _write(spec, executed, path, failure), failure


def _papermill(spec: ReportSpec, path: str | None, **options: Any) -> Any:
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    return papermill.execute_notebook(
        str(spec.notebook),
        path,
        dict(spec.parameters),
        kernel_name=KERNEL,
        language="python",
        progress_bar=False,
        **options,
    )


def _engine(engine: str, path: Path) -> dict[str, Any]:
    if engine != "warm":
        return {}
    from kuzbass_lean.press import direct

    return {"engine_name": direct.NAME, "journal": _journal(path)}


def _journal(path: Path) -> Path:
    return path.with_suffix(".journal")


def bury(spec: ReportSpec, path: Path, cause: str) -> Failure:
    """Write into the partial notebook of a report that was cut off, at the cell it was in, why."""
    _, failure = _bury(spec, path, cause)
    return failure


def _bury(spec: ReportSpec, path: Path, cause: str) -> tuple[Any, Failure]:
    notebook = _partial(spec, path)
    last = replay(notebook, _journal(path))
    if last is None:
        last = _last_started(notebook)
    if last is not None and notebook.cells[last].cell_type == "code":
        error = nbformat.v4.new_output("error", ename="Stopped", evalue=cause, traceback=[cause])
        notebook.cells[last].outputs.append(error)
    failure = Failure(None if last is None else last + 1, cause)
    return _write(spec, notebook, path, failure), failure


def _last_started(notebook: Any) -> int | None:
    """Return the last cell that papermill notes to have begun."""
    started = [
        number
        for number, cell in enumerate(notebook.cells)
        if cell.metadata.get("papermill", {}).get("start_time")
    ]
    return started[-1] if started else None


def _partial(spec: ReportSpec, path: Path) -> Any:
    """Return the notebook as far as it ran; if its file is cut off too, as it is before a run."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError):
        # By papermill and not from the file: a journal counts the cell with the parameters too.
        notebook = _papermill(spec, None, prepare_only=True)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None  # stored ones show another report
    return notebook


def _write(spec: ReportSpec, executed: Any, path: Path, failure: Failure | None) -> Any:
    notebook = normalise(executed, spec)
    if failure is not None:
        notebook.metadata["kuzbass_lean"]["failed"] = str(failure)
        notebook.cells.insert(0, _notice(failure))
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return notebook


def _notice(failure: Failure) -> Any:
    text = f"**Отчёт не построен.** {failure}"
    return nbformat.v4.new_markdown_cell(text, id="failed")


def normalise(notebook: Any, spec: ReportSpec) -> Any:
    """Return the notebook without what differs between equal runs: times, paths, random ids."""
    cells = []
    for number, cell in enumerate(notebook.cells):
        tags = [tag for tag in cell.metadata.get("tags", []) if tag != "papermill-error-cell-tag"]
        metadata = nbformat.NotebookNode({"tags": tags} if tags else {})
        fixed = {**cell, "id": f"cell-{number}", "metadata": metadata}
        if "outputs" in cell:
            fixed["outputs"] = [_plain(output) for output in cell.outputs]
        cells.append(nbformat.NotebookNode(fixed))
    about = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": KERNEL},
        "language_info": {"name": "python"},
        "kuzbass_lean": {"report": spec.id, "parameters": dict(spec.parameters)},
    }
    return nbformat.from_dict({"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5})


def _plain(output: Any) -> Any:
    """Name a cell's file, as warnings and tracebacks do, without folder and process number."""
    if "text" in output:
        return nbformat.NotebookNode({**output, "text": _CELL_FILE.sub(r"\1", output.text)})
    if "traceback" in output:
        lines = [_CELL_FILE.sub(r"\1", line) for line in output.traceback]
        return nbformat.NotebookNode({**output, "traceback": lines})
    return output
