from datetime import date

import pandas as pd
import pytest

from kuzbass_lean import intake, maturity, views
from kuzbass_lean.blocks import Block
from kuzbass_lean.errors import UsageError
from kuzbass_lean.registry import Registry, Scope

DAY = date(2019, 9, 30)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return intake.read(intake.sample_path())


def plain(text: str) -> str:
    """Text with ordinary spaces in place of no-break ones."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def value(block: Block, name: str) -> float | None:
    return {figure.name: figure.value for figure in block.figures}[name]


def test_the_report_date_is_given_or_the_latest_recorded(registry: Registry) -> None:
    assert views.report_date(registry) == DAY
    assert views.report_date(registry, "2019-06-30") == date(2019, 6, 30)
    with pytest.raises(UsageError, match="not a date"):
        views.report_date(registry, "30.06.2019")
    with pytest.raises(UsageError, match="records no date"):
        views.report_date(Registry.from_frames({}))


def test_on_an_earlier_date_later_closings_have_not_happened(registry: Registry) -> None:
    earlier = views.as_at(registry, date(2019, 3, 31))
    done = registry.projects["implemented"].gt(pd.Timestamp("2019-03-31"))
    later = registry.projects.loc[done, "project_id"]
    assert len(later) > 0
    statuses = earlier.projects.set_index("project_id")["status"]
    assert not statuses[statuses.index.isin(later)].isin(["implemented", "closed"]).any()
    assert views.as_at(registry, DAY).digest == registry.digest


def test_the_first_screen_of_the_region_shows_288_projects_and_says_they_are_for_demonstration(
    registry: Registry,
) -> None:
    screen = views.first_screen(registry, Scope.region(), DAY)
    assert value(screen, "total") == 288
    assert "Демонстрационные данные: 279 проектов из 288" in plain(screen.text)


def test_a_territory_without_a_project_says_so_instead_of_zero(registry: Registry) -> None:
    screen = views.first_screen(registry, Scope.of_municipality("yashkinsky-rayon"), DAY)
    assert "нет ни одного проекта" in screen.text


def test_health_is_scored_with_what_is_missing(registry: Registry) -> None:
    profile = views.sector_profile(registry, Scope.of_sector("health"), None, DAY)
    assert [score.number for score in profile.directions] == [3]
    assert "нужны оценки по критериям у" in views.ladder(profile).text


def test_a_sector_outside_the_model_has_no_level(registry: Registry) -> None:
    profile = views.sector_profile(registry, Scope.of_sector("culture"), None, DAY)
    assert profile.directions == ()
    assert "Уровней нет" in views.ladder(profile).text


def test_there_are_at_most_three_next_steps(registry: Registry) -> None:
    profile = maturity.score(registry, as_of=DAY)
    lines = views.next_steps(profile, registry, DAY).text.splitlines()
    assert len(lines) == 3
    assert lines[-1].startswith("3. Разобрать просроченные проекты")


def test_the_ladder_says_how_many_units_are_missing(registry: Registry) -> None:
    text = plain(views.ladder(maturity.score(registry, as_of=DAY)).text)
    assert "4 управляющие компании (есть 12, нужно 16) — до уровня «Кандидат»" in text


@pytest.mark.parametrize(
    ("project", "said"),
    [
        ("chem", "−72,4 %"),
        ("mvd", "−64,3 %"),
        ("ecp", "−82,9 %"),
        ("ecp", "−90,0 %"),
        ("vision", "+32,1…+42,9 % (план)"),
        ("vision", "+20 п. п. (план)"),
        ("mfckem", "в 2 раза"),
    ],
)
def test_a_passport_shows_the_published_change(registry: Registry, project: str, said: str) -> None:
    text = views.passport_measures(registry.slice(Scope.of_project(project))).text
    assert said in plain(text)


def test_a_passport_leaves_personal_names_out(registry: Registry) -> None:
    named = registry.projects.assign(leader="Иванов Иван", owner="Петров", customer="Сидоров")
    data = Registry.from_frames({**registry.tables, "projects": named})
    block = views.passport(data.slice(Scope.of_project("ecp")), "ecp", DAY)
    assert not any(name in block.html for name in ("Иванов", "Петров", "Сидоров"))


def test_the_passport_of_the_centralised_project_counts_its_participants(registry: Registry) -> None:
    block = views.passport(registry.slice(Scope.of_project("mvd")), "mvd", DAY)
    assert value(block, "count") == 34
    assert value(block, "solved_share") == pytest.approx(91.3978, abs=1e-4)


def test_the_ambiguous_saving_is_in_no_sum(registry: Registry) -> None:
    block = views.effects(registry)
    assert value(block, "effect_confirmed_wages_year") == 168784
    assert value(block, "effect_confirmed_materials_year") is None


def test_the_map_has_a_figure_for_every_municipality(registry: Registry) -> None:
    block = views.territories(registry)
    assert len(block.figures) == 34
    assert value(block, "projects_yashkinsky-rayon") == 0


def test_a_registry_of_an_office_is_not_called_demonstration() -> None:
    projects = pd.DataFrame(
        {
            "project_id": ["p"],
            "title": ["П"],
            "organization_id": ["o"],
            "sector": ["health"],
            "status": ["closed"],
            "centralised": [False],
        }
    )
    assert views.provenance(Registry.from_frames({"projects": projects}, "наш")) == (
        "Данные реестра «наш», 1\u00a0проект."
    )
