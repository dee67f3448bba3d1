from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from kuzbass_lean.errors import Finding, UnknownNameError, UsageError
from kuzbass_lean.places import Origin, Place, Stretch
from kuzbass_lean.registry import Registry, Scope, once

ORGANIZATIONS = pd.DataFrame(
    {
        "organization_id": ["clinic", "office", "hub", "far"],
        "name": ["Поликлиника", "МФЦ", "Центр", "Школа"],
        "kind": ["polyclinic", "mfc", "other", "school"],
        "sector": ["health", "mfc", "mfc", "edu"],
        "municipality_id": ["kemerovsky-okrug", "yaysky-rayon", None, "yaysky-rayon"],
    }
)
PROJECTS = pd.DataFrame(
    {
        "project_id": ["p1", "p2", "p3"],
        "title": ["Один", "Два", "Три"],
        "organization_id": ["clinic", "hub", "office"],
        "sector": ["health", "mfc", "mfc"],
        "status": ["closed", "implemented", "planned"],
        "started": pd.to_datetime(["2019-01-10", "2019-02-01", None]),
        "closed": pd.to_datetime(["2019-05-20", None, None]),
        "centralised": [False, True, False],
    }
)
PARTICIPANTS = pd.DataFrame({"project_id": ["p2", "p2"], "organization_id": ["office", "hub"]})
MEASURES = pd.DataFrame(
    {
        "measure_id": ["m1", "m3"],
        "project_id": ["p1", "p3"],
        "name": ["Время", "Время"],
        "unit": ["minute", "minute"],
        "family": ["lead_time", "lead_time"],
        "better": ["lower", "lower"],
        "statistic": ["mean", "mean"],
    }
)


def registry(**more: pd.DataFrame) -> Registry:
    tables = {"organizations": ORGANIZATIONS, "projects": PROJECTS, "participants": PARTICIPANTS, **more}
    return Registry.from_frames(tables, label="test")


def ids(part: Registry) -> list[str]:
    return list(part.projects["project_id"])


def test_a_missing_table_is_unknown_and_reads_as_an_empty_typed_frame() -> None:
    data = registry()
    assert not data.has("frames")
    assert data.table("frames") is None
    assert str(data.frame("frames")["as_of"].dtype) == "datetime64[us]"


def test_optional_columns_that_are_absent_become_empty() -> None:
    assert registry().projects["due"].isna().all()


def test_a_required_column_that_is_absent_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="projects lacks the column title"):
        Registry.from_frames({"projects": PROJECTS.drop(columns="title")})


def test_an_unknown_table_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match='"project": did you mean "projects"'):
        Registry.from_frames({"project": PROJECTS})


def test_every_project_is_listed_once_with_each_organisation_that_takes_part() -> None:
    units = registry().project_units()
    assert list(zip(units["project_id"], units["organization_id"], units["role"], strict=True)) == [
        ("p1", "clinic", "lead"),
        ("p2", "hub", "lead"),
        ("p3", "office", "lead"),
        ("p2", "office", "participant"),
    ]


def test_the_slice_of_the_region_is_the_registry() -> None:
    data = registry()
    assert data.slice(Scope.region()) is data


def test_a_sector_slice_takes_the_projects_of_the_sector_and_its_organisations() -> None:
    part = registry(measures=MEASURES).slice(Scope.of_sector("mfc"))
    assert ids(part) == ["p2", "p3"]
    assert list(part.organizations["organization_id"]) == ["hub", "office"]
    assert list(part.frame("measures")["measure_id"]) == ["m3"]


def test_a_municipality_takes_projects_led_or_joined_from_there() -> None:
    part = registry().slice(Scope.of_municipality("yaysky-rayon"))
    assert ids(part) == ["p2", "p3"]
    assert set(part.organizations["organization_id"]) == {"office", "hub", "far"}


def test_a_pair_takes_what_both_scopes_hold() -> None:
    assert ids(registry().slice(Scope.of_pair("mfc", "yaysky-rayon"))) == ["p2", "p3"]
    assert ids(registry().slice(Scope.of_pair("health", "yaysky-rayon"))) == []


def test_a_project_takes_itself_and_its_participants() -> None:
    part = registry().slice(Scope.of_project("p2"))
    assert ids(part) == ["p2"]
    assert set(part.organizations["organization_id"]) == {"hub", "office"}


def test_frames_of_a_municipality_slice_are_its_own_rows() -> None:
    frames = pd.DataFrame(
        {
            "kind": ["mfc", "mfc"],
            "municipality_id": [None, "yaysky-rayon"],
            "units": [33, 1],
            "as_of": pd.to_datetime(["2019-09-30"] * 2),
            "status": ["derived", "reported"],
        }
    )
    part = registry(frames=frames).slice(Scope.of_municipality("yaysky-rayon"))
    assert list(part.frame("frames")["units"]) == [1]


def test_the_rows_of_a_scope_are_the_positions_of_its_slice_in_every_table() -> None:
    data = registry(measures=MEASURES)
    for scope in (Scope.of_sector("mfc"), Scope.of_municipality("yaysky-rayon"), Scope.of_project("p2")):
        rows, part = data.rows_of(scope), data.slice(scope)
        for name, frame in data.tables.items():
            whole = range(len(frame))
            assert list(frame.index[list(rows.get(name, whole))]) == list(part.tables[name].index)
    assert [int(row) for row in data.rows_of(Scope.of_project("p2"))["projects"]] == [1]
    assert data.rows_of(Scope.region()) == {}


@pytest.mark.parametrize(
    ("scope", "near"),
    [
        (Scope.of_sector("helth"), "health"),
        (Scope.of_municipality("yayski-rayon"), "yaysky-rayon"),
        (Scope.of_project("p9"), "p1"),
    ],
)
def test_an_unknown_scope_is_refused_with_the_nearest_name(scope: Scope, near: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        registry().slice(scope)
    if near != "p1":
        assert near in str(caught.value)


def test_slicing_keeps_the_line_numbers_of_the_source() -> None:
    assert list(registry().slice(Scope.of_project("p2")).projects.index) == [3]


def test_slicing_does_not_change_the_registry() -> None:
    data = registry()
    before = data.digest
    projects = data.slice(Scope.of_municipality("yaysky-rayon")).projects
    projects.loc[:, "title"] = "испорчено"
    assert data.digest == before


def test_the_date_of_the_registry_is_the_latest_recorded_event() -> None:
    assert registry().as_of == date(2019, 5, 20)


def test_the_digest_ignores_row_order_but_not_content_or_absence() -> None:
    data = registry()
    shuffled = Registry.from_frames(
        {"organizations": ORGANIZATIONS.iloc[::-1], "projects": PROJECTS, "participants": PARTICIPANTS}
    )
    assert data.digest == shuffled.digest
    assert data.digest != registry(measures=MEASURES.iloc[:0]).digest
    assert data.digest != Registry.from_frames({"organizations": ORGANIZATIONS, "projects": PROJECTS}).digest
    changed = PROJECTS.assign(title=["Один", "Два", "три"])
    assert data.digest != registry(projects=changed).digest


def test_a_registry_with_its_own_territories_uses_them() -> None:
    own = pd.DataFrame({"municipality_id": ["t-1"], "name": ["Территория 1"], "kind": ["urban_okrug"]})
    data = registry(municipalities=own)
    assert list(data.municipalities.index) == ["t-1"]
    assert data.municipality("t-1") == "t-1"
    with pytest.raises(UnknownNameError):
        data.municipality("yaysky-rayon")


def test_the_public_registry_has_no_names_of_people_and_is_otherwise_the_same() -> None:
    people = PROJECTS.assign(customer="Иванов И. И.", owner="Петров П. П.", leader="Сидоров С. С.")
    assessments = pd.DataFrame(
        {
            "organization_id": ["clinic"],
            "model": ["mo_pmsp"],
            "version": ["1"],
            "number": [1],
            "assessed_on": pd.to_datetime(["2019-01-01"]),
            "result": ["met"],
            "assessor": ["Кузнецов К. К."],
        }
    )
    told = Finding("repair", "projects.csv", "", 2, "leader", " Сидоров С. С.", "spaces", "…")
    kept = Finding("repair", "projects.csv", "", 2, "title", " Один", "spaces", "…")
    data = replace(registry(projects=people, assessments=assessments), findings=(told, kept))
    public = data.public()
    names = ["customer", "owner", "leader"]
    assert public.projects[names].isna().all(axis=None)
    assert public.frame("assessments")["assessor"].isna().all()
    assert public.findings == (kept,)
    assert public.projects.drop(columns=names).equals(data.projects.drop(columns=names))
    assert list(data.projects["leader"]) == ["Сидоров С. С."] * 3
    assert Registry.from_frames(public.tables).digest == public.digest


def test_measurements_of_one_day_keep_the_order_they_were_written_in() -> None:
    days = pd.to_datetime(["2019-02-02", "2019-02-01", "2019-02-01"])
    rows = pd.DataFrame(
        {"measure_id": "m1", "phase": "before", "observed_on": days, "value": [1.0, 9.0, 5.0]}
    )
    data = registry(measures=MEASURES, observations=rows)
    assert list(data.frame("observations")["value"]) == [9.0, 5.0, 1.0]
    other = registry(measures=MEASURES, observations=rows.iloc[[2, 1, 0]])
    assert list(other.frame("observations")["value"]) == [5.0, 9.0, 1.0]
    assert data.digest != other.digest


def test_every_row_tells_its_file_sheet_line_and_key_and_a_slice_still_does() -> None:
    origin = Origin((Stretch("a.xlsx", "Проекты"), Stretch("b.xlsx", "Проекты", before=3)))
    data = replace(registry(), origins={"projects": origin})
    for part in (data, data.public(), data.slice(Scope.of_sector("mfc")), data.with_projects(data.projects)):
        assert part.place_of("projects", 4) == Place("b.xlsx", "Проекты", 1)
        told = part.lineage("projects")
        assert list(told.index) == list(part.projects.index)
        assert tuple(told.loc[4]) == ("b.xlsx", "Проекты", 1, "p3")
    assert data.digest == registry().digest
    assert list(data.lineage("participants")["key"]) == ["p2 · hub", "p2 · office"]
    assert data.place_of("participants", 2) == Place("", "", 2)


def test_what_is_computed_of_a_registry_is_computed_once_and_not_for_another() -> None:
    calls: list[str] = []

    @once
    def counted(registry: Registry, sector: str) -> int:
        calls.append(sector)
        return int(registry.projects["sector"].eq(sector).sum())

    registry = Registry.from_frames({"organizations": ORGANIZATIONS, "projects": PROJECTS})
    assert [counted(registry, "mfc"), counted(registry, "mfc"), counted(registry, "health")] == [2, 2, 1]
    assert counted(registry.with_projects(PROJECTS.iloc[1:]), "health") == 0
    assert calls == ["mfc", "health", "health"]
