import hashlib
import json
from pathlib import Path

import nbformat
import pandas as pd

from kuzbass_lean.press.build import BuildOptions, ReportResult, build
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.registry import Registry

SHOWS = """
from IPython.display import display
from kuzbass_lean.blocks import FIGURES_MIME
figures = [
    {"name": "share", "label": "=SUM(A1)", "value": 0.25, "text": "25 %", "unit": "percent", "formula": "a / b",
     "numerator": 1, "denominator": 4, "note": ""},
    {"name": "cost", "label": "Затраты", "value": None, "text": "нет данных", "unit": "rub", "formula": "sum",
     "numerator": None, "denominator": None, "note": ""},
]
display({"text/html": "<h1>Готовый отчёт</h1>", FIGURES_MIME: figures}, raw=True)
"""
FAILS = "1 / 0"
ENDS = "import os\nos._exit(0)"
HANGS = "import time\ntime.sleep(60)"


def registry() -> Registry:
    organizations = pd.DataFrame(
        {
            "organization_id": ["clinic"],
            "name": ["Поликлиника"],
            "kind": ["polyclinic"],
            "sector": ["health"],
            "municipality_id": ["kemerovsky-okrug"],
        }
    )
    projects = pd.DataFrame(
        {
            "project_id": ["p1"],
            "title": ["Один"],
            "organization_id": ["clinic"],
            "sector": ["health"],
            "status": ["closed"],
            "closed": pd.to_datetime(["2019-05-20"]),
            "centralised": [False],
        }
    )
    return Registry.from_frames({"organizations": organizations, "projects": projects}, label="test")


def spec(folder: Path, name: str, source: str) -> ReportSpec:
    notebook = folder / f"{name.replace('/', '-')}.ipynb"
    tagged = nbformat.v4.new_code_cell('as_of: str = ""', metadata={"tags": ["parameters"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[tagged, nbformat.v4.new_code_cell(source)]), notebook)
    return ReportSpec(name, "region", notebook, {"as_of": "2019-09-30"})


def run(out: Path, specs: list[ReportSpec], cell_timeout: int = 60) -> dict[str, ReportResult]:
    options = BuildOptions(out, cell_timeout=cell_timeout, as_of="2019-09-30")
    return {result.id: result for result in build(options, registry(), specs)}


def hashes(out: Path) -> dict[str, str]:
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_failing_reports_leave_the_others_alone_and_no_stale_page(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "sectors").mkdir(parents=True)
    for suffix in ("html", "ipynb", "pdf"):
        (out / "sectors" / f"bad.{suffix}").write_text("old")
    wanted = {"region": SHOWS, "sectors/bad": FAILS, "sectors/ends": ENDS}
    results = run(out, [spec(tmp_path, name, source) for name, source in wanted.items()])
    assert {name: result.status for name, result in results.items()} == {
        "region": "built",
        "sectors/bad": "failed",
        "sectors/ends": "failed",
    }
    assert "ZeroDivisionError: division by zero" in results["sectors/bad"].error
    assert "died" in results["sectors/ends"].error
    assert not list((out / "sectors").glob("*"))
    partial = nbformat.read(out / "failed" / "sectors" / "bad.ipynb", as_version=4)
    assert any(output.output_type == "error" for cell in partial.cells for output in cell.get("outputs", ()))
    assert (out / "failed" / "sectors" / "ends.ipynb").is_file()
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "Готовый отчёт" in page
    assert "division by zero" in page


def test_a_report_that_works_again_clears_its_failed_copy(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(out, [spec(tmp_path, "region", FAILS)])["region"].status == "failed"
    assert run(out, [spec(tmp_path, "region", SHOWS)])["region"].status == "built"
    assert not (out / "failed" / "region.ipynb").exists()
    assert (out / "region.html").is_file()


def test_a_cell_past_its_time_fails_the_report(tmp_path: Path) -> None:
    result = run(tmp_path / "out", [spec(tmp_path, "region", HANGS)], cell_timeout=2)["region"]
    assert (result.status, result.error) == ("failed", "a cell ran longer than 2 s")


def test_shown_figures_become_a_table_and_formulas_become_text(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(out, [spec(tmp_path, "region", SHOWS)])
    figures = pd.read_parquet(out / "data" / "figures.parquet")
    assert list(figures["report"]) == ["region", "region"]
    assert list(figures["position"]) == [1, 2]
    assert list(figures["name"]) == ["share", "cost"]
    assert figures["value"][0] == 0.25
    assert pd.isna(figures["value"][1])
    assert figures["label"][0] == "=SUM(A1)"
    assert pd.read_csv(out / "data" / "figures.csv")["label"][0] == "'=SUM(A1)"


def test_building_one_report_keeps_the_figures_and_manifest_entries_of_the_others(tmp_path: Path) -> None:
    out = tmp_path / "out"
    region, sector = spec(tmp_path, "region", SHOWS), spec(tmp_path, "sectors/health", SHOWS)
    run(out, [region, sector])
    run(out, [region])
    figures = pd.read_parquet(out / "data" / "figures.parquet")
    assert list(figures["report"]) == ["region"] * 2 + ["sectors/health"] * 2
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert sorted(manifest["reports"]) == ["region", "sectors/health"]


def test_two_builds_give_the_same_bytes_and_leave_no_working_folder(tmp_path: Path) -> None:
    made = [spec(tmp_path, "region", SHOWS), spec(tmp_path, "bad", FAILS)]
    run(tmp_path / "one", made)
    run(tmp_path / "two", made)
    first = hashes(tmp_path / "one")
    assert first == hashes(tmp_path / "two")
    assert {"index.html", "manifest.json", "region.html", "region.ipynb", "failed/bad.ipynb"} <= set(first)
    assert not list((tmp_path / "one").glob(".*"))


def test_no_output_names_a_folder_of_this_machine(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(out, [spec(tmp_path, "region", SHOWS)])
    for name in ("region.html", "region.ipynb", "index.html", "manifest.json", "data/figures.csv"):
        assert str(tmp_path) not in (out / name).read_text(encoding="utf-8"), name
