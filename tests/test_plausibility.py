import pandas as pd
import pytest

from kuzbass_lean import plausibility
from kuzbass_lean.places import Origin, Stretch

PLACES = {
    name: Origin((Stretch(f"{name}.csv"),))
    for name in ("projects", "organizations", "frames", "participants")
}


def projects(*titles: tuple[str, str]) -> pd.DataFrame:
    index = pd.RangeIndex(2, len(titles) + 2, name="row")
    organizations, names = zip(*titles, strict=True)
    return pd.DataFrame({"organization_id": organizations, "title": names}, index=index)


def test_nearly_the_same_title_in_one_organisation_is_a_likely_duplicate() -> None:
    found = plausibility.duplicates(
        projects(
            ("a", "Сокращение времени приёма граждан"),
            ("a", "Сокращение времени приема граждан."),
            ("b", "Сокращение времени приёма граждан"),
            ("a", "Граждан приёма времени сокращение"),
        ),
        PLACES["projects"],
    )
    assert [(f.rule, f.severity, f.row) for f in found] == [
        ("likely_duplicate", "warning", 3),
        ("likely_duplicate", "warning", 5),
    ]
    assert "строку 2" in found[0].message


def test_titles_that_differ_in_a_number_or_in_words_are_different_projects() -> None:
    rows = projects(
        ("a", "Этап 1"), ("a", "Этап 2"), ("a", "Очередь в регистратуре"), ("a", "Очередь в лабораторию")
    )
    assert plausibility.duplicates(rows, PLACES["projects"]) == []


def test_in_a_very_large_organisation_equal_titles_are_still_found() -> None:
    rows = projects(*(("a", f"Проект {n}") for n in range(1600)), ("a", "ПРОЕКТ 7"))
    assert [f.row for f in plausibility.duplicates(rows, PLACES["projects"])] == [1602]


@pytest.mark.parametrize(("units", "rules"), [(3, []), (2, []), (1, ["outside_frame"])])
def test_more_units_with_projects_than_the_frame_states_is_a_warning(units: int, rules: list[str]) -> None:
    tables = {
        "projects": projects(("a", "Один"), ("a", "Два")),
        "organizations": pd.DataFrame(
            {
                "organization_id": ["a", "b", "c"],
                "kind": ["mfc", "mfc", "mfc"],
                "municipality_id": ["x", "y", "y"],
            }
        ),
        "participants": pd.DataFrame({"organization_id": ["b"]}),
        "frames": pd.DataFrame(
            {
                "kind": ["mfc", "mfc"],
                "municipality_id": [None, None],
                "units": [0, units],
                "as_of": pd.to_datetime(["2018-01-01", "2019-01-01"]),
            },
            index=pd.RangeIndex(2, 4, name="row"),
        ),
    }
    found = plausibility.check(tables, PLACES)
    assert [f.rule for f in found] == rules
    assert all(f.row == 3 for f in found)


def test_a_frame_of_municipalities_counts_territories() -> None:
    tables = {
        "projects": projects(("a", "Один"), ("b", "Два")),
        "organizations": pd.DataFrame(
            {"organization_id": ["a", "b"], "kind": ["mfc", "school"], "municipality_id": ["x", "y"]}
        ),
        "frames": pd.DataFrame(
            {
                "kind": ["municipality"],
                "municipality_id": [None],
                "units": [1],
                "as_of": pd.to_datetime(["2019-01-01"]),
            },
            index=pd.RangeIndex(2, 3, name="row"),
        ),
    }
    (found,) = plausibility.check(tables, PLACES)
    assert (found.rule, found.column, found.value) == ("outside_frame", "units", "1")
    assert "их 2" in found.message
