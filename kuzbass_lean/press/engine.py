"""Running one notebook, and giving the executed notebook one form."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

from kuzbass_lean.press.plan import ReportSpec

KERNEL = "python3"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a notebook stopped: the cell (from 1; None before the first) and the error in one line."""

    cell: int | None
    error: str

    def __str__(self) -> str:
        place = f"cell {self.cell}: " if self.cell else ""
        return f"{place}{self.error}"


def execute(spec: ReportSpec, path: Path, cell_timeout: int) -> Failure | None:
    """Run a report's notebook into a file, in its own Jupyter kernel.

    The file is written whether the run succeeds or not: a partial notebook shows what happened.

    Returns
    -------
    Failure or None
        None when every cell ran.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    failure = None
    try:
        papermill.execute_notebook(
            str(spec.notebook),
            str(path),
            dict(spec.parameters),
            kernel_name=KERNEL,
            language="python",
            progress_bar=False,
            log_output=False,
            execution_timeout=cell_timeout,
            # The kernel talks to this process on this machine alone; it need not say so on every start.
            extra_arguments=["--log-level=ERROR"],
        )
    except PapermillExecutionError as error:
        value = str(error.evalue).splitlines()[0] if error.evalue else ""
        failure = Failure(error.cell_index + 1, f"{error.ename}: {value}".rstrip(": "))
    except CellTimeoutError:
        failure = Failure(None, f"a cell ran longer than {cell_timeout} s")
    except DeadKernelError:
        failure = Failure(None, "the kernel died")
    _rewrite(spec, path, failure)
    return failure


def _rewrite(spec: ReportSpec, path: Path, failure: Failure | None) -> None:
    source = path if path.exists() else spec.notebook
    notebook = normalise(nbformat.read(source, as_version=4), spec)
    if failure is not None:
        notebook.metadata["kuzbass_lean"]["failed"] = str(failure)
        notebook.cells.insert(0, _notice(failure))
    nbformat.write(notebook, path)


def _notice(failure: Failure) -> Any:
    text = f"**Отчёт не построен.** {failure}"
    return nbformat.v4.new_markdown_cell(text, id="failed")


def normalise(notebook: Any, spec: ReportSpec) -> Any:
    """Return the notebook without what differs between equal runs: times, paths, random ids."""
    cells = []
    for number, cell in enumerate(notebook.cells):
        tags = [tag for tag in cell.metadata.get("tags", []) if tag != "papermill-error-cell-tag"]
        metadata = nbformat.NotebookNode({"tags": tags} if tags else {})
        cells.append(nbformat.NotebookNode({**cell, "id": f"cell-{number}", "metadata": metadata}))
    about = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": KERNEL},
        "language_info": {"name": "python"},
        "kuzbass_lean": {"report": spec.id, "parameters": dict(spec.parameters)},
    }
    fixed = {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    return nbformat.from_dict(fixed)
