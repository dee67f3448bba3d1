"""Who took over what, who could, and what to take over next."""

import pandas as pd
import pytest

from kuzbass_lean import metrics
from kuzbass_lean.registry import Registry

UNITS = [
    ("a1", "polyclinic", "health", "a"),
    ("a2", "polyclinic", "health", "a"),
    ("b1", "polyclinic", "health", "b"),
    ("b2", "hospital", "health", "b"),
    ("b3", "school", "edu", "b"),
    ("c1", "polyclinic", "health", "c"),
]
PROJECTS = [
    # id, unit, typical, status, started, implemented, closed, replicates
    ("pilot", "a1", "health-2", "closed", "2019-01-01", "2019-03-01", "2019-04-01", None),
    ("copy", "b1", "health-2", "implemented", "2019-04-02", "2019-06-01", None, "pilot"),
    ("begun", "c1", "health-2", "in_progress", "2019-05-01", None, None, "pilot"),
    ("gone", "a2", "health-2", "cancelled", "2019-05-01", None, None, "pilot"),
    ("other", "a2", "health-5", "closed", "2019-01-01", None, "2019-02-01", None),
    ("school", "b3", "edu-1", "closed", "2019-01-01", None, "2019-02-01", None),
]
CHANGES = [
    # project, name, before, after
    ("pilot", "Время приёма", 20, 10),
    ("copy", " время приёма", 20, 15),
    ("copy", "Очередь", 10, 1),
    ("other", "Ожидание", 10, 7),
]


def registry() -> Registry:
    units = pd.DataFrame(UNITS, columns=["organization_id", "kind", "sector", "municipality_id"])
    names = [
        "project_id",
        "organization_id",
        "typical",
        "status",
        "started",
        "implemented",
        "closed",
        "replicates",
    ]
    work = pd.DataFrame(PROJECTS, columns=names)
    work = work.assign(**{day: pd.to_datetime(work[day]) for day in ("started", "implemented", "closed")})
    measures = pd.DataFrame(
        [(f"m{n}", project, name) for n, (project, name, _, _) in enumerate(CHANGES)],
        columns=["measure_id", "project_id", "name"],
    ).assign(unit="minute", family="lead_time", better="lower", statistic="mean")
    values = [
        (f"m{n}", phase, value, value, "exact")
        for n, (_, _, before, after) in enumerate(CHANGES)
        for phase, value in (("before", before), ("after", after))
    ]
    return Registry.from_frames(
        {
            "organizations": units.assign(name="О"),
            "projects": work.assign(title="П", sector=["health"] * 5 + ["edu"], centralised=False),
            "measures": measures,
            "values": pd.DataFrame(values, columns=["measure_id", "phase", "low", "high", "qualifier"]),
        }
    )


def test_each_adopter_has_its_days_and_the_change_of_the_measure_in_common() -> None:
    rows = metrics.adoptions(registry())
    assert rows["organization_id"].tolist() == ["b1", "c1"]
    first = rows.iloc[0]
    # from 1 April to 1 June; 20 to 15 minutes there, 20 to 10 in the pilot
    assert (first["days"], first["relative_low"], first["original_low"]) == (61, 25, 50)
    assert rows.loc[1, ["days", "relative_low", "name"]].isna().all()
    assert rows["realised"].tolist() == [True, False]


def test_every_participant_of_a_replica_adopts_the_practice() -> None:
    found = registry()
    shared = pd.DataFrame({"project_id": ["copy"], "organization_id": ["b2"]})
    both = Registry.from_frames({**found.tables, "participants": shared})
    assert metrics.adoptions(both)["organization_id"].tolist() == ["b1", "b2", "c1"]


def test_a_practice_has_adopters_and_those_who_could_adopt_it() -> None:
    row = metrics.replication_table(registry()).iloc[0]
    # of four polyclinics one is the pilot's own
    assert (row["project_id"], row["adopters"], row["candidates"]) == ("pilot", ("b1", "c1"), ("a2",))
    assert (row["realised"], row["eligible"], row["share"]) == (1, 3, pytest.approx(2 / 3))
    assert (row["median_days"], row["median_change"], row["measured"], row["own_change"]) == (61, 25, 1, 50)


def test_a_practice_may_be_asked_for_by_name_and_have_no_adopter() -> None:
    row = metrics.replication_table(registry(), ["other"]).iloc[0]
    assert (row["adopters"], row["realised"], row["share"]) == ((), 0, 0)
    assert pd.isna(row["median_days"])


def test_candidates_are_typical_projects_done_elsewhere_and_not_here() -> None:
    rows = metrics.replication_candidates(registry(), municipality="c")
    # c has health-2 under way; nobody in c could do a school's project
    assert rows["typical"].tolist() == ["health-5"]
    row = rows.iloc[0]
    assert (row["units"], row["adopters"], row["median_change"], row["measured"]) == (("c1",), 1, 30, 1)
    assert row["figure_id"] == "health.typical.5"
    assert pd.isna(row["grade"])


def test_a_cancelled_project_does_not_stand_in_the_way_and_a_kind_that_never_did_it_is_no_candidate() -> None:
    found = registry()
    assert metrics.replication_candidates(found, municipality="b")["typical"].tolist() == ["health-5"]
    assert metrics.replication_candidates(found, municipality="b").iloc[0]["units"] == ("b1",)
    sector = metrics.replication_candidates(found, sector="health")
    # health-2 realised by a1 and b1, health-5 by a2; the cancelled one leaves a2 a candidate
    assert sector["typical"].tolist() == ["health-2", "health-5"]
    assert sector["units"].tolist() == [("a2",), ("a1", "b1", "c1")]
    assert sector["median_change"].tolist() == [50, 30]


def test_the_best_grade_of_the_measures_is_given() -> None:
    letters = pd.DataFrame({"measure_id": ["m0", "m1", "m2", "m3"], "letter": ["D", "B", "E", "C"]})
    sector = metrics.replication_candidates(registry(), sector="health", grades=letters)
    assert sector["grade"].tolist() == ["B", "C"]


def test_nothing_is_recommended_from_nothing() -> None:
    empty = Registry.from_frames(
        {"organizations": registry().organizations, "projects": registry().projects.iloc[:0]}
    )
    assert metrics.replication_candidates(empty, municipality="a").empty
    assert metrics.replication_table(empty).empty
    assert metrics.adoptions(empty).empty
