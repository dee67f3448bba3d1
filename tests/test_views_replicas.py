"""What to take over, on a page: names, days, changes with their grades."""

import pandas as pd
import pytest
from test_metrics_replicating import registry

from kuzbass_lean import views
from kuzbass_lean.blocks import Block
from kuzbass_lean.figures import Figure
from kuzbass_lean.registry import Registry, Scope
from kuzbass_lean.views.replicas import best_letters


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def figures(block: Block) -> dict[str, Figure]:
    return {figure.id: figure for figure in block.figures}


@pytest.fixture
def data() -> Registry:
    """The pilot of metrics' own tests (20 to 10 minutes), copied by b1 (25 % better), begun by c1."""
    found = registry()
    units = found.organizations.assign(name="Организация " + found.organizations["organization_id"])
    seen = pd.DataFrame(
        [
            ("m1", phase, pd.Timestamp("2019-01-01"), value)
            for phase, value in [("before", 20.0), ("after", 15.0)] * 5
        ],
        columns=["measure_id", "phase", "observed_on", "value"],
    )
    return Registry.from_frames({**found.tables, "organizations": units, "observations": seen})


def test_a_passport_says_who_adopted_how_long_it_took_what_it_gave_and_who_could(data: Registry) -> None:
    text = plain(views.adopters(data, "pilot").text)
    # ten equal values before and after, all better: two samples that differ
    assert "Организация b1 | реализован | 61 день | +25,0 %, B |" in text
    assert "Организация c1 | в работе | нет данных | нет данных |" in text
    assert "Ещё могли бы: Организация a2." in text


def test_a_practice_nobody_else_could_adopt_says_so(data: Registry) -> None:
    assert "других таких в реестре нет" in views.adopters(data, "school").text


def test_the_table_of_practices_has_a_grade_beside_each_change(data: Registry) -> None:
    text = plain(views.replication(data, data).text)
    assert "Организация b1; Организация c1 | 2 | 1 | 1 | 61 день | +50,0 %, D | +25,0 %, B" in text


def test_candidates_have_a_grade_whether_or_not_the_page_has_graded_their_measures(data: Registry) -> None:
    for graded in (None, views.grades(data)):
        text = plain(views.candidates(data, Scope.of_municipality("c"), graded).text)
        assert "+30,0 % | D | Организация c1" in text


def test_of_a_group_the_best_grade_is_taken_and_an_empty_one_has_none(data: Registry) -> None:
    assert best_letters(data, [("m0", "m1"), ("m0",), ()]) == ["B", "D", ""]


def test_every_number_of_a_practice_leads_to_its_rows(data: Registry) -> None:
    found = figures(views.replication(data, data))
    adopted, change = found["replication.pilot"], found["replication_change.pilot"]
    assert adopted.value == 2
    assert adopted.rows.keys() == {"organizations": ["b1", "c1"], "projects": ["begun", "copy"]}
    assert found["replication_realised.pilot"].rows.keys() == {"projects": ["copy"]}
    assert found["replication_candidates.pilot"].rows.keys() == {"organizations": ["a2"]}
    assert found["replication_days.pilot"].rows.keys() == {"projects": ["begun", "copy", "pilot"]}
    assert (change.value, change.rows.keys()) == (25, {"measures": ["m1"]})
    assert found["own_change.pilot"].rows.keys() == {"measures": ["m0"]}


def test_every_number_of_an_adopter_leads_to_its_rows_and_an_unknown_one_is_none(data: Registry) -> None:
    found = figures(views.adopters(data, "pilot"))
    assert found["adopted_days.copy"].value == 61
    assert found["adopted_days.copy"].rows.keys() == {"projects": ["copy", "pilot"]}
    assert found["adopted_change.copy"].rows.keys() == {"measures": ["m1"]}
    unknown = found["adopted_change.begun"]
    assert (found["adopted_days.begun"].value, unknown.value, unknown.rows.keys()) == (None, None, {})


def test_every_number_of_a_candidate_leads_to_its_rows(data: Registry) -> None:
    # a2 alone has realised it, 10 to 7 minutes; c1 could
    found = figures(views.candidates(data, Scope.of_municipality("c")))
    assert found["typical_adopters.health-5"].rows.keys() == {"projects": ["other"]}
    change = found["typical_change.health-5"]
    assert (change.value, change.rows.keys()) == (30, {"measures": ["m3"]})
    assert found["typical_places.health-5"].value == 1


def test_units_that_are_not_named_are_counted_by_a_figure_that_leads_to_them(data: Registry) -> None:
    first = data.organizations[data.organizations["organization_id"].eq("a2")]
    more = [first.assign(organization_id=f"a{n}", name=f"Организация a{n}") for n in range(3, 9)]
    units = pd.concat([data.organizations, *more])
    block = views.adopters(Registry.from_frames({**data.tables, "organizations": units}), "pilot")
    # a2 to a8 are seven, five of them are named
    assert "Организация a6 и ещё 2." in plain(block.text)
    others = figures(block)["more_candidates.pilot"]
    assert (others.value, others.rows.keys()) == (2, {"organizations": ["a7", "a8"]})
