"""A journal of the cells of a running notebook: what is known of it if its process dies.

Papermill saves the whole notebook twice a cell, which takes as long as running the cells.
A journal grows by one cell at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat


@contextmanager
def kept(manager: Any, path: Path) -> Iterator[None]:
    """Have papermill's manager of a run note each cell in a journal; it saves the notebook no more.

    Whoever runs the notebook writes it at the end.
    """
    cell_start, cell_complete = manager.cell_start, manager.cell_complete
    with path.open("w", encoding="utf-8") as file:

        def note(**entry: Any) -> None:
            file.write(json.dumps(entry) + "\n")
            file.flush()

        def start(cell: Any, cell_index: int, **others: Any) -> None:
            cell_start(cell, cell_index=cell_index, **others)
            note(cell=cell_index)

        def complete(cell: Any, cell_index: int, **others: Any) -> None:
            cell_complete(cell, cell_index=cell_index, **others)
            if cell.cell_type == "code":
                note(cell=cell_index, outputs=cell.outputs, execution_count=cell.execution_count)

        manager.cell_start, manager.cell_complete = start, complete
        manager.save = lambda **others: None
        try:
            yield
        finally:
            manager.cell_start, manager.cell_complete = cell_start, cell_complete


def replay(notebook: Any, path: Path) -> int | None:
    """Write a journal's outputs into the notebook as it was before the run.

    Returns
    -------
    int or None
        The index of the last cell that began; None if none did or there is no journal.
    """
    last: int | None = None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            break  # the line that was being written
        last = int(entry["cell"])
        if "outputs" in entry:
            cell = notebook.cells[last]
            cell.outputs = nbformat.from_dict(entry["outputs"])
            cell.execution_count = entry["execution_count"]
    return last
