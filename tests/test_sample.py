from pathlib import Path

import pandas as pd
import pytest

from kuzbass_lean import intake, published, sample, schema
from kuzbass_lean.errors import UsageError
from kuzbass_lean.registry import Registry


@pytest.fixture(scope="module")
def registry() -> Registry:
    return intake.read(intake.sample_path())


def status(registry: Registry, **where: object) -> dict[str, int]:
    projects = registry.projects
    for column, value in where.items():
        projects = projects[projects[column].eq(value)]
    return {str(name): int(count) for name, count in projects["status"].value_counts().items()}


def test_the_bundled_files_are_what_the_generator_writes(tmp_path: Path) -> None:
    sample.write(sample.generate(), tmp_path)
    bundled = sorted(intake.sample_path().glob("*.csv"))
    assert [path.name for path in bundled] == sorted(path.name for path in tmp_path.glob("*.csv"))
    for path in bundled:
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_reading_it_shows_nothing_wrong() -> None:
    assert intake.examine(intake.sample_path()).findings == ()


def test_every_row_of_every_table_says_whether_it_is_published_or_synthetic(registry: Registry) -> None:
    for name, frame in registry.tables.items():
        assert set(frame["source"]) <= {"published", "synthetic"}, name


def test_synthetic_projects_and_organisations_say_so_in_their_names(registry: Registry) -> None:
    for frame, column in ((registry.projects, "title"), (registry.organizations, "name")):
        synthetic = frame["source"].eq("synthetic")
        assert frame.loc[synthetic, column].str.contains("(демо", regex=False).all()
        assert not frame.loc[~synthetic, column].str.contains("демо", regex=False).any()


def test_the_portfolio_has_288_projects_in_22_state_bodies_and_31_municipalities(registry: Registry) -> None:
    assert len(registry.projects) == 288
    units = registry.project_units()
    assert units.loc[units["kind"].eq("state_body"), "organization_id"].nunique() == 22
    directed = registry.projects.loc[registry.projects["direction"].notna(), "project_id"]
    assert len(directed) == 194
    assert units.loc[units["project_id"].isin(directed), "municipality_id"].nunique() == 31
    assert int(registry.projects["direction"].eq("appeals").sum()) == 35


def test_the_slides_overlap_as_the_readme_says(registry: Registry) -> None:
    projects = registry.projects
    tables = projects["sector"].isin(["health", "edu", "mfc", "empl", "transport"])
    directed = projects["direction"].notna()
    assert (int(tables.sum()), int((tables & directed).sum())) == (192, 119)
    assert int((~tables & ~directed).sum()) == 21
    assert len(projects) == 192 + 194 - 119 + 21


@pytest.mark.parametrize(
    ("owner", "total", "closed"),
    [
        ("kgkp5", 19, 6),
        ("kgkp20", 3, 2),
        ("kgdkb1", 2, 2),
        ("kgdkb2", 5, 3),
        ("kgkb2", 2, 2),
        ("gkb1", 5, 0),
        ("kgkb4", 3, 0),
        ("kgb13", 1, 0),
        ("nkgkb1", 2, 0),
    ],
)
def test_health_comes_out_by_institution(registry: Registry, owner: str, total: int, closed: int) -> None:
    counts = status(registry, organization_id=owner)
    assert (sum(counts.values()), counts.get("closed", 0)) == (total, closed)


@pytest.mark.parametrize(
    ("owner", "implemented", "in_progress"),
    [
        ("kemsu", 6, 5),
        ("kgtt", 1, 5),
        ("gmli", 9, 3),
        ("metal", 3, 2),
        ("mfc-kemerovo", 2, 3),
        ("mfc-anzhero", 4, 1),
        ("mfc-region", 8, 0),
    ],
)
def test_education_and_mfc_come_out_by_institution(
    registry: Registry, owner: str, implemented: int, in_progress: int
) -> None:
    counts = status(registry, organization_id=owner)
    assert (counts.get("implemented", 0), counts.get("in_progress", 0)) == (implemented, in_progress)


def test_employment_transport_and_factories_come_out(registry: Registry) -> None:
    assert sum(status(registry, organization_id="dtzn").values()) == 15
    assert sum(status(registry, sector="empl").values()) == 15 + 59
    centres = registry.organizations["kind"].eq("employment_center")
    assert int(centres.sum()) == 25
    transport = status(registry, sector="transport")
    assert (sum(transport.values()), transport["closed"]) == (24, 3)
    assert len(registry.frame("factories")) == 3


def test_the_centralised_project_has_33_mfc_and_one_municipality_has_nothing(registry: Registry) -> None:
    units = registry.project_units()
    mvd = units[units["project_id"].eq("mvd") & units["kind"].eq("mfc")]
    assert (len(mvd), mvd["municipality_id"].nunique()) == (33, 33)
    assert set(registry.municipalities.index) - set(units["municipality_id"].dropna()) == {"yashkinsky-rayon"}


def test_no_published_figure_differs_from_the_sample(registry: Registry) -> None:
    table = published.reconcile(registry)
    assert list(table.loc[table["state"].eq("differs"), "figure"]) == []
    assert int(table["state"].eq("agrees").sum()) == 89


def test_published_rows_carry_no_dates(registry: Registry) -> None:
    deck = registry.projects[registry.projects["source"].eq("published")]
    assert len(deck) == 9
    assert deck[["started", "due", "implemented", "closed"]].isna().all().all()


@pytest.mark.parametrize(("projects", "municipalities"), [(1, 1), (7, 3), (1000, 34), (2000, 200)])
def test_samples_of_other_sizes_are_sound_and_synthetic(
    tmp_path: Path, projects: int, municipalities: int
) -> None:
    sample.write(sample.generate(projects, municipalities, seed=1), tmp_path)
    examination = intake.examine(tmp_path)
    assert examination.errors == ()
    assert len(examination.registry.projects) == projects
    assert len(examination.registry.municipalities) == municipalities
    assert all(frame["source"].eq("synthetic").all() for frame in examination.registry.tables.values())


def test_seeds_differ_and_repeat() -> None:
    one, again, other = (sample.generate(50, 5, seed)["projects"] for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)


def test_a_sample_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one"):
        sample.generate(0, 34)


def test_columns_are_written_in_the_schemas_order(tmp_path: Path) -> None:
    sample.write(sample.generate(3, 2), tmp_path)
    header = (tmp_path / "projects.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header.split(",") == list(schema.columns("projects"))
