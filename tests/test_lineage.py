from pathlib import Path

import pandas as pd
import pytest

from kuzbass_lean import figures, intake
from kuzbass_lean.figures import Rows
from kuzbass_lean.places import Origin, Stretch
from kuzbass_lean.press import lineage
from kuzbass_lean.registry import Registry


@pytest.fixture(scope="module")
def registry() -> Registry:
    return intake.read(intake.sample_path())


def written(folder: Path, registry: Registry, *rows: Rows) -> pd.DataFrame:
    sets = {figures.set_id(dict(each.tables)): dict(each.tables) for each in rows}
    lineage.write(folder, registry, sets)
    return lineage.read(folder / "lineage.parquet")


def test_each_row_behind_a_figure_stands_with_its_file_and_line(tmp_path: Path, registry: Registry) -> None:
    found = written(tmp_path, registry, Rows.of(projects=["chem", "mvd"], values=["chem-lead-time · after"]))
    assert set(found["file"]) == {"projects.csv", "values.csv"}
    for row in found.itertuples():
        line = (intake.sample_path() / str(row.file)).read_text(encoding="utf-8").splitlines()[row.row - 1]
        assert line.startswith(str(row.key).split(" · ")[0])


def test_a_row_that_moved_is_found_on_its_new_line(tmp_path: Path, registry: Registry) -> None:
    moved = registry.projects.set_axis(registry.projects.index + 7)
    after = Registry.from_frames({**registry.tables, "projects": moved}, origins=registry.origins)
    rows = Rows.of(projects=["chem"])
    old, new = (written(tmp_path, each, rows)["row"].item() for each in (registry, after))
    assert new == old + 7


def test_a_row_that_the_registry_lacks_has_no_line(tmp_path: Path, registry: Registry) -> None:
    found = written(tmp_path, registry, Rows.of(projects=["gone"], centers=["o · council"]))
    assert found[["file", "row"]].isna().all(axis=None)


def test_equal_rows_without_a_key_are_all_there(tmp_path: Path) -> None:
    days = pd.to_datetime(["2019-01-02"] * 2)
    observed = pd.DataFrame({"measure_id": "m", "phase": "after", "observed_on": days, "value": 1.5})
    registry = Registry.from_frames({"observations": observed})
    found = written(tmp_path, registry, Rows.of(observations=registry.frame("observations")))
    assert found["row"].tolist() == [2, 3]


def test_csv_says_the_same_as_parquet_and_runs_no_formula(tmp_path: Path) -> None:
    named = pd.DataFrame({"name": ["=1+1"]})
    registry = Registry.from_frames({"factories": named}, origins={"factories": Origin((Stretch("=a.csv"),))})
    found = written(tmp_path, registry, Rows.of(factories=["=1+1"]))
    text = pd.read_csv(tmp_path / "lineage.csv")
    assert text["row"].tolist() == found["row"].tolist() == [2]
    assert text["key"].item() == text["file"].item().replace("a.csv", "1+1") == "'=1+1"
