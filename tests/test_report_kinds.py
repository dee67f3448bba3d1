"""The page that tells how to add a kind of report, followed to the letter."""

import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from kuzbass_lean import cli, intake
from kuzbass_lean.press.plan import load_plan

PAGE = (Path(__file__).parents[1] / "docs" / "report-kinds.md").read_text(encoding="utf-8")


def fences(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The notebook and the params file, dropped into folders of their own."""
    cells = [nbformat.v4.new_code_cell(source.rstrip()) for source in fences("python")]
    cells[0].metadata["tags"] = ["parameters"]
    notebooks, params = tmp_path / "notebooks", tmp_path / "params"
    notebooks.mkdir()
    params.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), notebooks / "late.ipynb")
    (params / "late.yaml").write_text(fences("yaml")[0], encoding="utf-8")
    return notebooks, params


def test_it_is_planned_for_every_municipality_with_projects(folders: tuple[Path, Path]) -> None:
    notebooks, params = folders
    registry = intake.read(intake.sample_path())
    specs = load_plan(params, notebooks, registry)
    local = registry.project_units()["municipality_id"].dropna().unique()
    assert {spec.id for spec in specs} == {f"late/{key}" for key in local}


def test_its_page_is_built_and_listed(folders: tuple[Path, Path], tmp_path: Path) -> None:
    notebooks, params = folders
    out = tmp_path / "out"
    name = "late/kemerovsky-okrug"
    asked = ["build", "--notebooks", str(notebooks), "--params", str(params), "--out", str(out)]
    assert cli.run([*asked, "--only", name, "--jobs", "1"]) == 0
    page = (out / f"{name}.html").read_text(encoding="utf-8")
    assert "<h1>Кемеровский городской округ</h1>" in page
    assert "Просроченные проекты" in page
    assert "import kuzbass_lean" not in page
    index = (out / "index.html").read_text(encoding="utf-8")
    assert "Другие отчёты" in index
    assert f'href="{name}.html"' in index
    figures = pd.read_csv(out / "data" / "figures.csv")
    assert set(figures["report"]) == {name}


def test_a_mistake_in_the_params_file_is_said_before_anything_runs(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebooks, params = folders
    wrong = (params / "late.yaml").read_text(encoding="utf-8").replace("notebook: late", "notebook: lat")
    (params / "late.yaml").write_text(wrong, encoding="utf-8")
    asked = ["build", "--notebooks", str(notebooks), "--params", str(params), "--out", str(tmp_path / "out")]
    assert cli.run(asked) == 2
    assert '"late"' in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
