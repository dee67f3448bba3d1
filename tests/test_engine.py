import json
from pathlib import Path

import nbformat

from kuzbass_lean.press.engine import bury
from kuzbass_lean.press.plan import ReportSpec


def _cut_off(folder: Path, journal: list[dict]) -> ReportSpec:
    """Leave what a process leaves that is killed while it writes the notebook: half a file and a journal."""
    top = nbformat.v4.new_code_cell("place = ''", metadata={"tags": ["parameters"]})
    cells = [top, nbformat.v4.new_markdown_cell("## Счёт"), nbformat.v4.new_code_cell("place + '!'")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "source.ipynb")
    (folder / "made.ipynb").write_text('{"cells": [', encoding="utf-8")
    lines = "".join(json.dumps(entry) + "\n" for entry in journal)
    (folder / "made.journal").write_text(lines, encoding="utf-8")
    return ReportSpec("a", "other", folder / "source.ipynb", {"place": "Тайга"})


def _result(text: str) -> dict:
    return nbformat.v4.new_output("execute_result", data={"text/plain": text}, execution_count=3)


def test_a_notebook_cut_off_while_it_is_written_has_each_output_at_its_own_cell(tmp_path: Path) -> None:
    journal = [{"cell": 0}, {"cell": 1}, {"cell": 2}, {"cell": 3}]
    journal.append({"cell": 3, "outputs": [_result("'Тайга!'")], "execution_count": 3})
    failure = bury(_cut_off(tmp_path, journal), tmp_path / "made.ipynb", "the kernel died")
    assert str(failure) == "cell 4: the kernel died"
    notice, top, injected, heading, last = nbformat.read(tmp_path / "made.ipynb", as_version=4).cells
    assert "the kernel died" in notice.source
    assert (top.outputs, injected.outputs, heading.source) == ([], [], "## Счёт")
    assert injected.metadata["tags"] == ["injected-parameters"]
    assert [output.get("ename", output.get("data")) for output in last.outputs] == [
        {"text/plain": "'Тайга!'"},
        "Stopped",
    ]


def test_a_notebook_cut_off_before_any_cell_began_says_so_and_shows_nothing(tmp_path: Path) -> None:
    failure = bury(_cut_off(tmp_path, []), tmp_path / "made.ipynb", "the kernel died")
    assert (failure.cell, failure.error) == (None, "the kernel died")
    cells = nbformat.read(tmp_path / "made.ipynb", as_version=4).cells
    assert [cell.outputs for cell in cells if cell.cell_type == "code"] == [[], [], []]
