import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pandas as pd
import pytest

from kuzbass_lean.errors import CapabilityError
from kuzbass_lean.press import export
from kuzbass_lean.press.build import BuildOptions, build
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.press.work import ReportResult
from kuzbass_lean.registry import Registry
from kuzbass_lean.runs import Site, history, lock

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
    source = 'name: str = "по умолчанию"\ndata: str = ""'
    parameters = nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})
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
        "data/lineage.csv",
        "data/lineage.parquet",
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
        ("import time\ntime.sleep(300)", "a cell ran longer than 8 s"),
    ],
)
def test_a_failed_notebook_stops_no_other_and_never_looks_finished(
    tmp_path: Path, registry: Registry, code: str, said: str
) -> None:
    out = tmp_path / "out"
    (out / "sectors").mkdir(parents=True)
    (out / "sectors/bad.html").write_text("старая страница", encoding="utf-8")
    results = run(out, registry, spec(tmp_path, "bad", code), spec(tmp_path, "good"), timeout=8)
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
    cells = ["=1", "-2", "@x", "+3", "\tx", "'=1", "'слово", "слово", None]
    table = pd.DataFrame({"label": pd.array(cells, dtype="str")})
    found = export.neutral(table)["label"]
    assert list(found[:-1]) == ["'=1", "'-2", "'@x", "'+3", "'\tx", "''=1", "'слово", "слово"]
    assert found.isna().tolist() == [False] * 8 + [True]


def log(out: Path, number: int) -> list[dict[str, Any]]:
    text = (Site(out).runs / "logs" / f"{number:06}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_stopped_build_leaves_the_old_site_and_the_next_goes_on_where_it_stopped(
    tmp_path: Path, registry: Registry
) -> None:
    out, specs = tmp_path / "out", [spec(tmp_path, "a"), spec(tmp_path, "b")]
    (out / "sectors").mkdir(parents=True)
    (out / "sectors/a.html").write_text("старая страница", encoding="utf-8")

    def stop(result: ReportResult) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(BuildOptions(out, jobs=1), registry, specs, stop)
    assert files(out) == {"sectors/a.html": "старая страница".encode()}
    assert [line["outcome"] for line in history(Site(out))] == ["stopped"]
    run(out, registry, *specs)
    told = {line["report"]: line["status"] for line in log(out, 2) if line["event"] == "report"}
    assert sorted(told.values()) == ["built", "taken over"]
    assert {"sectors/a.html", "sectors/b.html", "index.html"} <= set(files(out))
    assert [path.name for path in Site(out).runs.glob("work-*")] == []
    last = history(Site(out))[-1]
    assert (last["outcome"], last["reports"]) == ("published", {"built": 2})


def test_while_one_build_is_at_work_another_is_refused(tmp_path: Path, registry: Registry) -> None:
    place = Site(tmp_path / "out")
    with lock.held(place.lock), pytest.raises(CapabilityError, match="another build is writing out"):
        run(place.folder, registry, spec(tmp_path, "a"))
    assert not place.folder.exists()


@pytest.mark.parametrize("looks", [1, 2])
def test_a_full_disk_stops_the_build_before_it_or_during_it_and_the_site_stays_as_it_was(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    free = iter([2**40] * (looks - 1) + [2**20])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=next(free)))
    with pytest.raises(CapabilityError, match="is full: 1 MB are left"):
        run(tmp_path / "out", registry, spec(tmp_path, "a"))
    assert not (tmp_path / "out").exists()
    assert history(Site(tmp_path / "out"))[0]["outcome"] == "refused"


def test_a_report_whose_process_died_once_is_tried_again(tmp_path: Path, registry: Registry) -> None:
    flag = tmp_path / "died"
    dies = f"import os, pathlib\nflag = pathlib.Path({str(flag)!r})\n"
    dies += "flag.exists() or (flag.touch(), os.kill(os.getpid(), 9))\n"
    assert run(tmp_path / "out", registry, spec(tmp_path, "a", dies + GOOD))["sectors/a"].status == "built"
    events = [(line["event"], line.get("tries")) for line in log(tmp_path / "out", 1)]
    assert ("again", None) in events
    assert ("report", 2) in events


def test_a_page_tells_what_changed_since_the_last_publication_of_other_data(
    tmp_path: Path, registry: Registry
) -> None:
    counting = """
from kuzbass_lean import blocks, intake
closed = intake.read(data).projects["status"].eq("closed").sum()
figure = blocks.Figure("status", "Закрыто", float(closed), str(closed), "project", "count", key="closed")
block = blocks.Block("<h1>Итог</h1>", "", (figure,))
block
"""
    out = tmp_path / "out"
    counts = spec(tmp_path, "a", counting)
    run(out, registry, counts)
    assert "изменилось" not in (out / "sectors/a.html").read_text(encoding="utf-8")
    fewer = registry.with_projects(registry.projects.assign(status="in_progress"))
    run(out, fewer, counts)
    told = (out / "sectors/a.html").read_text(encoding="utf-8")
    assert "Что изменилось с публикации на 30.09.2019" in told
    before = files(out)
    build(BuildOptions(out, force=True), fewer, [counts])
    assert files(out) == before
