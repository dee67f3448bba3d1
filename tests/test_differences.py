import json
from pathlib import Path
from typing import Any

import pandas as pd

from kuzbass_lean import figures as shown
from kuzbass_lean.figures import FIGURES_MIME, Figure
from kuzbass_lean.press import differences
from kuzbass_lean.press.differences import Difference


def frame(**columns: Any) -> pd.DataFrame:
    rows = {"id": ["total"], "text": ["1"], "value": [1.0], "note": [""], **columns}
    return pd.DataFrame(rows)


def found(old: pd.DataFrame, new: pd.DataFrame, tolerance: float = 0.0) -> list[Difference]:
    return list(differences.figures(old, new, tolerance))


def page(folder: Path, name: str, body: str) -> Path:
    path = folder / f"{name}.html"
    path.write_text(f"<html><body>{body}</body></html>", encoding="utf-8")
    return path


def notebook(folder: Path, name: str, figure: Figure, source: str = "1", text: str = "1") -> Path:
    data = {"text/plain": text, FIGURES_MIME: shown.dump([figure])}
    cell = {"cell_type": "code", "source": source, "outputs": [{"output_type": "display_data", "data": data}]}
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    return path


def test_figures_that_are_the_same_do_not_differ_an_unknown_value_included() -> None:
    assert found(frame(), frame()) == []
    assert found(frame(value=[None]), frame(value=[None])) == []


def test_a_figure_differs_by_its_text_its_value_or_any_column_that_both_have() -> None:
    assert found(frame(), frame(text=["2"])) == [Difference("total", "1", "2")]
    assert found(frame(), frame(value=[1.5])) == [Difference("total", "1.0", "1.5")]
    assert found(frame(), frame(note=["x"])) == [Difference("total", "note ", "note x")]
    assert found(frame(own=["x"]), frame()) == []


def test_a_figure_that_comes_or_goes_differs() -> None:
    none = frame().iloc[:0]
    assert found(none, frame()) == [Difference("total", "", "1")]
    assert found(frame(), none) == [Difference("total", "1", "")]


def test_a_tolerance_is_relative_and_only_for_values() -> None:
    assert found(frame(value=[100.0]), frame(value=[100.1]), 0.001) == []
    assert len(found(frame(value=[100.0]), frame(value=[100.2]), 0.001)) == 1
    assert len(found(frame(value=[100.0], text=["100"]), frame(value=[100.1], text=["100,1"]), 0.001)) == 1


def test_equal_files_do_not_differ_whatever_they_are(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(b"1")
    assert differences.between(tmp_path / "a.pdf", tmp_path / "b.pdf") == ()
    (tmp_path / "a.pdf").write_bytes(b"2")
    assert differences.between(tmp_path / "a.pdf", tmp_path / "b.pdf") == (Difference("", "other bytes", ""),)


def test_the_text_of_a_page_differs_by_pieces_and_a_figure_gives_its_name(tmp_path: Path) -> None:
    body = '<p>Всего <a data-f="total">{}</a></p><style>{}</style><p>Итог</p>'
    old, new = page(tmp_path, "a", body.format("12", "1")), page(tmp_path, "b", body.format("11", "1"))
    assert differences.between(old, new) == (Difference("total", "12", "11"),)
    unseen = page(tmp_path, "c", body.format("11", "2"))
    assert differences.between(unseen, new) == (Difference("", "other bytes", ""),)
    longer = page(tmp_path, "d", body.format("11", "1") + "<p>Ещё</p>")
    assert differences.between(longer, new) == (Difference("text after «Итог»", "Ещё", ""),)


def test_of_a_long_text_the_stretch_that_differs_is_told(tmp_path: Path) -> None:
    old, new = page(tmp_path, "a", f"<p>{'а' * 500}1</p>"), page(tmp_path, "b", f"<p>{'а' * 500}2</p>")
    (told,) = differences.between(old, new)
    assert (told.old, told.new) == (f"…{'а' * 40}1", f"…{'а' * 40}2")


def test_a_figure_without_a_mark_in_the_page_is_known_by_a_text_that_no_other_has(tmp_path: Path) -> None:
    new = page(tmp_path, "b", "<p>11</p>")
    notebook(tmp_path, "b", Figure("total", "Всего", 11.0, "11", "project", "total"))
    assert differences.between(page(tmp_path, "a", "<p>12</p>"), new) == (Difference("total", "12", "11"),)


def test_pictures_differ_by_their_number_or_beyond_the_tolerance(tmp_path: Path) -> None:
    old, new = (
        page(tmp_path, "a", '<svg><path d="1.0000001"/></svg>'),
        page(tmp_path, "b", '<svg><path d="1"/></svg>'),
    )
    (told,) = differences.between(old, new)
    assert told == Difference("picture 1", '<path d="1.0000001"/>', '<path d="1"/>')
    assert differences.between(old, new, 1e-6) == ()
    (told,) = differences.between(page(tmp_path, "c", ""), new)
    assert told == Difference("pictures", "0", "1")


def test_notebooks_differ_by_figures_code_and_outputs(tmp_path: Path) -> None:
    eleven, twelve = (Figure("total", "Всего", n, f"{n:g}", "project", "total") for n in (11.0, 12.0))
    new = notebook(tmp_path, "new", eleven)
    assert Difference("total", "12", "11") in differences.between(notebook(tmp_path, "a", twelve), new)
    edited = differences.between(notebook(tmp_path, "b", eleven, "2", "3"), new)
    assert edited[:2] == (Difference("code of cell 1", "2", "1"), Difference("output of cell 1", "3", "1"))


def test_tables_of_figures_differ_by_report_and_figure(tmp_path: Path) -> None:
    for name, text in (("a", "1"), ("b", "2")):
        frame(report=["region"], text=[text]).to_parquet(tmp_path / f"{name}.parquet")
    assert differences.between(tmp_path / "a.parquet", tmp_path / "b.parquet") == (
        Difference("region: total", "1", "2"),
    )


def test_a_file_that_is_not_what_its_name_says_is_told_to_be_unreadable(tmp_path: Path) -> None:
    new = notebook(tmp_path, "new", Figure("total", "Всего", 1.0, "1", "project", "total"))
    for content in (b"\xff", b"[]", b"[" * 99_999, b'{"cells": 1}'):
        (tmp_path / "old.ipynb").write_bytes(content)
        (told,) = differences.between(tmp_path / "old.ipynb", new)
        assert told.old.startswith("cannot be read")
