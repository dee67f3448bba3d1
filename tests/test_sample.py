from pathlib import Path

import pandas as pd
import pytest

from kuzbass_lean import intake, published, sample, schema
from kuzbass_lean.errors import UsageError
from kuzbass_lean.evidence.duration import time_to_close
from kuzbass_lean.evidence.grading import grades
from kuzbass_lean.metrics import durations, replication, stream
from kuzbass_lean.registry import Registry

AS_OF = pd.Timestamp("2019-09-30")


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


def test_the_other_directions_are_shared_about_evenly_and_not_in_the_diagrams_order(
    registry: Registry,
) -> None:
    counts = registry.projects["direction"].value_counts().drop("appeals")
    assert (len(counts), int(counts.sum())) == (13, 159)
    assert counts.between(10, 16).all()


def test_only_a_realised_project_has_a_value_after(registry: Registry) -> None:
    after = (
        registry.frame("values").query("phase == 'after'").merge(registry.frame("measures"), on="measure_id")
    )
    statuses = registry.projects.set_index("project_id")["status"]
    assert set(after["project_id"].map(statuses)) == {"implemented", "closed"}


def test_observations_lie_on_their_side_of_the_implementation(registry: Registry) -> None:
    points = registry.frame("observations").merge(registry.frame("measures"), on="measure_id")
    done = points["project_id"].map(registry.projects.set_index("project_id")["implemented"])
    before = points["phase"].eq("before")
    assert (points["observed_on"] < done)[before].all()
    assert (points["observed_on"] > done)[~before].all()
    assert points["observed_on"].max() <= AS_OF


def test_every_grade_of_evidence_has_measures(registry: Registry) -> None:
    tables = (registry.frame(name) for name in ("measures", "values", "observations"))
    letters = grades(*tables)["letter"].value_counts().to_dict()
    assert (letters["A"], letters["B"]) == (5, 5)
    assert min(letters[letter] for letter in "CDE") >= 10
    lengths = registry.frame("observations").groupby(["measure_id", "phase"]).size().unstack()
    assert {(13, 7), (8, 8), (4, 4)} <= set(zip(lengths["before"], lengths["after"], strict=True))
    assert len(lengths) == 15


def test_the_steps_of_a_flow_add_up_to_its_stated_time(registry: Registry) -> None:
    flows = stream(registry.frame("steps"))
    values = registry.frame("values").set_index(["measure_id", "phase"])["low"]
    stated = values.loc[pd.MultiIndex.from_frame(flows[["measure_id", "phase"]])].to_numpy()
    assert flows["measure_id"].nunique() == 4
    assert flows["lead_minutes"].to_numpy() == pytest.approx(stated)
    parts = flows[["va_minutes", "nnva_minutes", "nva_minutes"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(stated)


def test_open_projects_are_dated_and_some_are_overdue(registry: Registry) -> None:
    still_open = registry.projects[registry.projects["status"].eq("in_progress")]
    begun = still_open["started"]
    assert begun.le(AS_OF).all()
    assert (still_open["due"] > begun).eq(still_open["due"].notna()).all()
    late = still_open["due"].lt(AS_OF)
    assert 5 <= late.sum() <= len(late) / 4
    unclear = registry.projects[registry.projects["status"].eq("unknown")]
    assert unclear[["started", "due", "implemented", "closed"]].isna().all().all()


def test_finished_and_open_projects_make_a_survival_curve_with_a_median(registry: Registry) -> None:
    """Lengths are drawn about 150 days and open projects lengthen what the closed alone show."""
    days = durations(registry.projects, AS_OF.date())
    curve = time_to_close(days["days"], days["closed"])
    assert None not in (curve.low, curve.median, curve.high)
    closed_alone = days.loc[days["closed"], "days"].median()
    assert 100 < closed_alone < curve.median < 365
    assert (curve.closed, curve.open) == (100, 126)


def test_replications_begin_after_the_original_is_implemented(registry: Registry) -> None:
    projects = registry.projects.set_index("project_id")
    replicas = projects[projects["replicates"].notna()]
    original = projects.loc[replicas["replicates"]].set_axis(replicas.index)
    dated = original["implemented"].notna()
    assert (replicas["started"] > original["implemented"])[dated].all()
    assert (replicas["organization_id"] != original["organization_id"]).all()
    assert replicas["wave"].eq("replication").all()
    table = replication(registry.projects).set_index("project_id")
    assert table.loc["mfckem", "adopters"] == 6
    assert int(table["adopters"].ge(2).sum()) == 2
    assert table["median_days"].notna().sum() == 1


def test_every_municipality_has_numbers_of_units_that_fit_the_listed_and_the_regional(
    registry: Registry,
) -> None:
    frames = registry.frame("frames")
    local = frames[frames["municipality_id"].notna()]
    assert set(local["status"]) == {"assumed"}
    assert set(local["source"]) == {"synthetic"}
    number = local.set_index(["kind", "municipality_id"])["units"]
    listed = registry.organizations.groupby(["kind", "municipality_id"]).size()
    listed = listed[listed.index.get_level_values("kind").isin(local["kind"])]
    assert (number.reindex(listed.index) >= listed).all()
    region = frames[frames["municipality_id"].isna()].set_index("kind")["units"]
    for kind in ("polyclinic", "management_company", "transport_company", "mfc", "employment_center"):
        assert number[kind].sum() == region[kind], kind
    assert "school" not in region
    assert number["school"].ge(4).all()


def test_twenty_of_25_centres_are_timed_and_some_cut_exactly_a_quarter(registry: Registry) -> None:
    timed = registry.frame("measures").query("service.notna()")
    assert timed.groupby("service")["organization_id"].nunique().to_dict() == {"first": 20, "repeat": 20}
    values = registry.frame("values").pivot(index="measure_id", columns="phase", values="low")
    cuts = 1 - values["after"] / values["before"]
    cuts = cuts[cuts.index.isin(timed["measure_id"])].dropna()
    assert (cuts == 0.25).any()
    assert (cuts < 0.25).any()
    assert (cuts > 0.25).any()


def test_no_real_institution_is_given_invented_answers_times_or_revenue(registry: Registry) -> None:
    real = registry.organizations.query("source == 'published'")["organization_id"]
    for name in ("assessments", "revenue", "centers"):
        assert not registry.frame(name)["organization_id"].isin(real).any(), name
    assert registry.organizations.query("source == 'published'")["lean_since"].isna().all()


def test_titles_come_from_the_typical_project_of_the_right_group(registry: Registry) -> None:
    projects = registry.projects.query("source == 'synthetic'")
    group = projects["typical"].str.rsplit("-", n=1).str[0]
    assert set(group[projects["organization_id"].eq("dtzn")]) == {"empl_dep"}
    assert set(group[projects["organization_id"].str.startswith("czn-demo")]) == {"empl_czn"}
    assert set(group[projects["direction"].eq("kumi")]) == {"kumi"}
    assert set(group[projects["sector"].eq("housing")]) == {"housing"}


def test_the_deck_names_no_wave_for_the_centralised_project(registry: Registry) -> None:
    waves = registry.projects.set_index("project_id")["wave"]
    assert pd.isna(waves["mvd"])
    assert pd.isna(waves["vision"])
    assert waves["mfckem"] == "pilot"


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
