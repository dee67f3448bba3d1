import json
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from kuzbass_lean.press import site
from kuzbass_lean.press.build import BuildOptions, ReportResult, build
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.registry import Registry

GOOD = """
import os
from kuzbass_lean import blocks
figure = blocks.Figure("total", "Всего", 3.0, "3", "project", "=1+1")
head = blocks.header(name, "Итог", __import__("datetime").date(2019, 9, 30), "Проверка")
block = blocks.Block(head.html, name, (figure,))
block
"""


@pytest.fixture(scope="module")
def registry() -> Registry:
    organizations = {"organization_id": ["o"], "name": ["О"], "kind": ["other"], "sector": ["gov"]}
    projects = {
        "project_id": ["p"],
        "title": ["П"],
        "organization_id": ["o"],
        "sector": ["gov"],
        "status": ["closed"],
        "closed": [pd.Timestamp("2019-09-30")],
        "centralised": [False],
    }
    tables = {"organizations": pd.DataFrame(organizations), "projects": pd.DataFrame(projects)}
    return Registry.from_frames(tables, "проверка")


def spec(folder: Path, name: str, code: str = GOOD) -> ReportSpec:
    parameters = nbformat.v4.new_code_cell('name: str = "по умолчанию"', metadata={"tags": ["parameters"]})
    cells = [parameters, nbformat.v4.new_markdown_cell("## Раздел"), nbformat.v4.new_code_cell(code.strip())]
    path = folder / f"{name}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return ReportSpec(f"sectors/{name}", "sector", path, {"name": f"Отчёт {name}"})


def run(out: Path, registry: Registry, *specs: ReportSpec, timeout: int = 60) -> dict[str, ReportResult]:
    results = build(BuildOptions(out, jobs=2, cell_timeout=timeout), registry, specs)
    return {result.id: result for result in results}


def files(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def test_a_build_makes_page_notebook_index_figures_and_manifest(tmp_path: Path, registry: Registry) -> None:
    out = tmp_path / "out"
    assert run(out, registry, spec(tmp_path, "a"))["sectors/a"].status == "built"
    found = {name for name in files(out) if not name.startswith("data/registry/")}
    assert found == {
        "sectors/a.html",
        "sectors/a.ipynb",
        "index.html",
        "manifest.json",
        "ro-crate-metadata.json",
        "data/figures.csv",
        "data/figures.parquet",
        "data/previous.parquet",
    }
    html = (out / "sectors/a.html").read_text(encoding="utf-8")
    assert "<h1>Отчёт a</h1>" in html
    assert '<html lang="ru">' in html
    assert "blocks.header" not in html
    assert "http" not in html
    assert "blocks.header" in (out / "sectors/a.ipynb").read_text(encoding="utf-8")
    assert '<a href="sectors/a.html">Отчёт a</a>' in (out / "index.html").read_text(encoding="utf-8")


def test_every_shown_figure_is_a_row_and_no_cell_is_a_formula(tmp_path: Path, registry: Registry) -> None:
    run(tmp_path / "out", registry, spec(tmp_path, "a"))
    table = pd.read_parquet(tmp_path / "out/data/figures.parquet")
    assert table[["report", "position", "name", "value"]].values.tolist() == [["sectors/a", 1, "total", 3.0]]
    csv = pd.read_csv(tmp_path / "out/data/figures.csv")
    assert csv["formula"].iloc[0] == "'=1+1"


def test_two_builds_give_the_same_bytes(tmp_path: Path, registry: Registry) -> None:
    one, other = spec(tmp_path, "a"), spec(tmp_path, "b")
    run(tmp_path / "first", registry, one, other)
    run(tmp_path / "second", registry, other, one)
    assert files(tmp_path / "first") == files(tmp_path / "second")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", "cell 4: ZeroDivisionError: division by zero"),
        ("import os\nos._exit(0)", "the kernel died"),
        ("import time\ntime.sleep(300)", "a cell ran longer than 20 s"),
    ],
)
def test_a_failed_notebook_stops_no_other_and_never_looks_finished(
    tmp_path: Path, registry: Registry, code: str, said: str
) -> None:
    out = tmp_path / "out"
    (out / "sectors").mkdir(parents=True)
    (out / "sectors/bad.html").write_text("старая страница", encoding="utf-8")
    results = run(out, registry, spec(tmp_path, "bad", code), spec(tmp_path, "good"), timeout=20)
    assert results["sectors/bad"].status == "failed"
    assert said in results["sectors/bad"].error
    assert results["sectors/good"].status == "built"
    assert not (out / "sectors/bad.html").exists()
    assert not (out / "sectors/bad.ipynb").exists()
    partial = json.loads((out / "failed/sectors/bad.ipynb").read_text(encoding="utf-8"))
    assert said in "".join(partial["cells"][0]["source"])
    index = (out / "index.html").read_text(encoding="utf-8")
    assert "не построен" in index
    assert "sectors/bad" not in json.loads((out / "manifest.json").read_text(encoding="utf-8"))["reports"]


def test_a_report_that_works_again_leaves_no_trace_of_its_failure(tmp_path: Path, registry: Registry) -> None:
    out = tmp_path / "out"
    run(out, registry, spec(tmp_path, "a", "1 / 0"))
    run(out, registry, spec(tmp_path, "a"))
    assert not (out / "failed/sectors/a.ipynb").exists()
    assert (out / "sectors/a.html").exists()


def test_a_partial_build_keeps_the_figures_of_the_others(tmp_path: Path, registry: Registry) -> None:
    out = tmp_path / "out"
    run(out, registry, spec(tmp_path, "a"), spec(tmp_path, "b"))
    run(out, registry, spec(tmp_path, "b"))
    assert list(pd.read_parquet(out / "data/figures.parquet")["report"]) == ["sectors/a", "sectors/b"]


def test_an_executed_notebook_names_no_path_and_no_time(tmp_path: Path, registry: Registry) -> None:
    run(tmp_path / "out", registry, spec(tmp_path, "a"))
    text = (tmp_path / "out/sectors/a.ipynb").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert "papermill" not in json.loads(text)["metadata"]
    assert [cell["id"] for cell in json.loads(text)["cells"]] == ["cell-0", "cell-1", "cell-2", "cell-3"]


def test_text_that_a_spreadsheet_would_run_is_neutralised() -> None:
    table = pd.DataFrame({name: ["=1", "-2", "@x", "+3", "слово"] for name in site.COLUMNS})
    assert list(site.neutral(table)["label"]) == ["'=1", "'-2", "'@x", "'+3", "слово"]
