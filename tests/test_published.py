from dataclasses import replace

import pandas as pd
import pytest

from kuzbass_lean import intake, published
from kuzbass_lean.errors import UnknownNameError
from kuzbass_lean.omitted import COLUMNS, gathered
from kuzbass_lean.published import PublishedFigure
from kuzbass_lean.registry import Registry

FAILING = {
    "rel.wheel.count",
    "rel.kemsu",
    "rel.portfolio.sector_sum",
    "rel.portfolio.all_sum",
    "rel.wheel.units",
    "rel.wheel.mo",
}


def altered(name: str, value: object) -> dict[str, PublishedFigure]:
    known = {figure.id: figure for figure in published.figures()}
    known[name] = replace(known[name], value=value)  # type: ignore[arg-type]
    return known


def verdict(relation: str, figures: dict[str, PublishedFigure]) -> bool | None:
    return {r.id: r.holds for r in published.relations(figures)}[relation]


def test_there_are_290_figures_with_unique_ids() -> None:
    assert len({figure.id for figure in published.figures()}) == 290


def test_22_of_28_relations_hold() -> None:
    relations = published.relations()
    assert len(relations) == 28
    assert {relation.id for relation in relations if relation.holds is False} == FAILING
    assert sum(relation.holds is True for relation in relations) == 22


@pytest.mark.parametrize(
    ("relation", "computed", "stated"),
    [
        ("rel.health.projects", 42, 42),
        ("rel.portfolio.sector_sum", 192, 288),
        ("rel.portfolio.all_sum", 386, 288),
        ("rel.portfolio.coincidence", 288, 288),
        ("rel.mvd.share", 91, 91),
        ("rel.pie.first", 186, 186),
        ("rel.wheel.count", 11, 14),
        ("rel.kemsu", 11, 7),
    ],
)
def test_a_relation_shows_what_it_computed(relation: str, computed: float, stated: float) -> None:
    found = next(r for r in published.relations() if r.id == relation)
    assert (found.computed, found.stated) == (computed, stated)


@pytest.mark.parametrize(
    ("name", "value", "relation"),
    [
        ("health.kgkp5.projects", 20, "rel.health.projects"),
        ("plan19.pop_child", 267.8, "rel.plan19.pop"),
        ("mvd.solved", 168, "rel.mvd.share"),
        ("pie.total", 195, "rel.pie"),
        ("factory.count", 4, "rel.factory"),
        ("rosatom.to", 2022, "rel.rosatom"),
    ],
)
def test_changing_a_figure_breaks_the_relation_that_uses_it(name: str, value: object, relation: str) -> None:
    assert verdict(relation, altered(name, value)) is False


def test_a_missing_part_makes_a_relation_impossible_to_check() -> None:
    assert verdict("rel.health.projects", altered("health.kgkp5.projects", None)) is None


def test_blank_closed_cells_stay_blank_and_only_the_sum_reads_them_as_zero() -> None:
    blanks = [f.id for f in published.figures() if f.id.endswith(".closed") and f.value is None]
    assert len(blanks) == 5
    relation = next(r for r in published.relations() if r.id == "rel.health.closed")
    assert "как ноль" in relation.note


def test_the_wheel_and_the_pie_stay_unlabelled_lists() -> None:
    assert published.figure("wheel.numbers").value == (3, 11, 8, 33, 6, 10, 25, 2, 2, 2, 19)
    assert published.figure("pie.appeals").value == 35
    labelled = [
        f for f in published.figures() if f.id.startswith(("wheel.", "pie.")) and f.number is not None
    ]
    assert {figure.id for figure in labelled} == {"pie.total", "pie.appeals"}


def test_an_unknown_figure_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"portfolio\.projects"):
        published.figure("portfolio.project")


def test_a_registry_without_the_institutions_cannot_be_checked_and_is_not_zero() -> None:
    table = published.reconcile(Registry.from_frames({}))
    states = dict(zip(table["figure"], table["state"], strict=True))
    assert states["health.kgkp5.projects"] == "cannot_check"
    assert states["portfolio.mo_total"] == "cannot_check"
    assert states["wheel.numbers"] == "cannot_check"
    assert states["ecp.paper"] == "cannot_check"
    assert states["vision.actual"] == "cannot_check"
    assert states["portfolio.projects"] == "differs"


def test_a_registry_of_the_region_that_misses_a_published_total_is_told_so() -> None:
    sample = intake.read()
    assert published.departures(sample) == []
    fewer = sample.with_projects(sample.projects[sample.projects["project_id"].ne("demo-235")])
    found = {each.message.split("«")[1].split("»")[0]: each for each in published.departures(fewer)}
    total = found["проектов реализуется в области"]
    assert (total.severity, total.rule, total.value) == ("warning", "published_total", "287")
    assert total.message.startswith("опубликовано 288 («проектов реализуется в области»")


def test_one_office_s_registry_is_not_held_to_the_region_s_totals_nor_one_with_rows_left_out() -> None:
    sample = intake.read()
    places = sample.organizations["municipality_id"]
    own = {**sample.tables, "organizations": sample.organizations[places.eq("kemerovsky-okrug")]}
    assert published.departures(replace(sample, tables=own)) == []
    fewer = sample.with_projects(sample.projects.iloc[1:])
    row = {"table": ["projects"], "rules": ["required"], "rows": [1]}
    omitted = gathered([pd.DataFrame(row).reindex(columns=list(COLUMNS))])
    assert published.departures(replace(fewer, omitted=omitted)) == []


def test_the_registry_s_own_number_is_as_large_as_the_rows_behind_it_say() -> None:
    sample = intake.read()
    found, table = published.behind(sample), published.reconcile(sample).set_index("figure")
    counted = {"portfolio.projects": "projects", "health.kgkp5.projects": "projects"}
    for figure, rows in counted.items():
        assert len(found[figure][rows]) == table.loc[figure, "registry"] > 0
    projects = sample.projects.set_index("project_id").loc[found["health.kgkp5.projects"]["projects"]]
    assert projects["organization_id"].nunique() == 1
    assert "cancelled" not in set(projects["status"])


def test_a_number_that_the_registry_has_leads_to_rows_and_one_that_it_has_not_to_none() -> None:
    sample = intake.read()
    found = published.behind(sample)
    known = published.reconcile(sample).set_index("figure")["registry"].notna()
    assert {figure for figure, rows in found.items() if rows} == set(known.index[known])
    assert set(found) == set(known.index)
    assert published.behind(Registry.from_frames({}))["health.kgkp5.projects"] == {}
