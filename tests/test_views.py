from datetime import date

import pandas as pd
import pytest

from kuzbass_lean import intake, maturity, published, views
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
    return {figure.id: figure.value for figure in block.figures}[name]


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
    assert "оценки по критериям у" in views.ladder(profile).text


def test_a_sector_outside_the_model_has_no_level(registry: Registry) -> None:
    profile = views.sector_profile(registry, Scope.of_sector("culture"), None, DAY)
    assert profile.directions == ()
    assert "Уровней нет" in views.ladder(profile).text


def test_there_are_at_most_three_next_steps(registry: Registry) -> None:
    profile = maturity.score(registry, as_of=DAY)
    lines = views.next_steps(profile, registry, Scope.region(), DAY).text.splitlines()
    assert len(lines) == 3
    assert lines[-1].startswith("3. Разобрать просроченные проекты")


def test_the_ladder_says_how_many_units_are_missing(registry: Registry) -> None:
    text = plain(views.ladder(maturity.score(registry, as_of=DAY)).text)
    assert "4 управляющие компании до «Кандидата»: есть 12 из 16" in text


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
    part = registry.slice(Scope.of_project(project))
    text = views.passport_measures(part, views.grades(part)).text
    assert said in plain(text)


def test_a_passport_leaves_personal_names_out(registry: Registry) -> None:
    named = registry.projects.assign(leader="Иванов Иван", owner="Петров", customer="Сидоров")
    data = Registry.from_frames({**registry.tables, "projects": named})
    block = views.passport(data.slice(Scope.of_project("ecp")), "ecp", DAY)
    assert not any(name in block.html for name in ("Иванов", "Петров", "Сидоров"))


def test_the_passport_of_the_centralised_project_counts_its_participants(registry: Registry) -> None:
    block = views.passport(registry.slice(Scope.of_project("mvd")), "mvd", DAY)
    assert value(block, "participants") == 34
    assert value(block, "solved_share") == pytest.approx(91.3978, abs=1e-4)
    # the programme's own reference: 170 of 186, Wilson 95 % 86.5 to 94.6
    assert "170 из 186 (91,4 %); интервал Уилсона 86,5 % … 94,6 %" in plain(block.text)


def test_the_ambiguous_saving_is_in_no_sum(registry: Registry) -> None:
    block = views.effects(registry)
    assert value(block, "effect_confirmed.wages.RUB.year") == 168784
    assert value(block, "effect_confirmed.materials.RUB.year") is None


def test_the_map_has_a_figure_for_every_municipality(registry: Registry) -> None:
    block = views.territories(registry)
    assert [figure.name for figure in block.figures].count("projects") == 34
    assert value(block, "projects.yashkinsky-rayon") == 0


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
    assert str(views.provenance(Registry.from_frames({"projects": projects}, "наш"))) == (
        "Данные реестра «наш», 1\u00a0проект."
    )


def test_every_slide_of_the_deck_has_a_section_with_every_one_of_its_figures(registry: Registry) -> None:
    sections = views.slides()
    assert set(sections) == {figure.slide for figure in published.figures()}
    assert len(set(sections.values())) == len(sections)
    html = views.deck(registry).html
    text = views.deck(registry).text
    for name in sections.values():
        assert f'<h3 id="{name}">' in html
        assert f'href="#{name}"' in html
    assert all(figure.quantity in text for figure in published.figures())


def test_the_deck_shows_published_and_registry_side_by_side(registry: Registry) -> None:
    text = plain(views.deck(registry).text)
    assert "проектов реализуется в области | 288 проектов | 288 | сошлось" in text
    assert "Здравоохранение: учреждения с июня 2018: сошлось 16, нельзя проверить 4" in text


def test_published_pairs_are_graded_d_and_the_vision_room_e(registry: Registry) -> None:
    measures = registry.frame("measures").set_index("measure_id")
    graded = views.grades(registry).set_index("measure_id")["letter"]
    real = measures.index[measures["source"].eq("published")]
    vision = measures.index[measures["project_id"].eq("vision")]
    assert set(graded[real.difference(vision)]) == {"D"}
    assert set(graded[vision]) == {"E"}


def test_key_figures_say_their_change_since_a_named_date(registry: Registry) -> None:
    found = {
        item.figure.name: item for item in views.summary.key_figures(registry, DAY, None, date(2019, 6, 30))
    }
    before = views.as_at(registry, date(2019, 6, 30)).projects["status"].isin(["implemented", "closed"]).sum()
    now = registry.projects["status"].isin(["implemented", "closed"]).sum()
    assert plain(str(found["realised"].change)) == f"▲ +{now - before} с 30.06.2019"
    assert found["realised"].good is True


@pytest.mark.parametrize(("difference", "said"), [(0, "без изменений"), (2, "▲ +2"), (-2, "▼ −2")])
def test_a_change_has_an_arrow_and_a_sign(difference: int, said: str) -> None:
    before, now = (
        views.shown.counted("overdue", "Просрочено", [f"p-{n}" for n in range(count)])
        for count in (5, 5 + difference)
    )
    text, good = views.summary._change(before, now, DAY, more_is_better=False)
    assert plain(str(text)).startswith(said)
    assert good is (None if not difference else difference < 0)


def test_the_earlier_date_is_three_months_back_or_the_one_given() -> None:
    assert views.summary.earlier_date(DAY) == date(2019, 6, 30)
    assert views.summary.earlier_date(DAY, "2019-09-29") == date(2019, 9, 29)
    with pytest.raises(UsageError, match="not before the report date"):
        views.summary.earlier_date(DAY, "2019-09-30")
    with pytest.raises(UsageError, match="not a date"):
        views.summary.earlier_date(DAY, "вчера")


def test_the_funnel_names_only_those_outside_the_limits_and_the_own_one() -> None:
    places = ["kemerovsky-okrug", "yaysky-rayon", "tyazhinsky-rayon"]
    rows = [
        (place, n, status)
        for place, n, status in zip(places, (40, 40, 2), ("closed", "planned", "closed"), strict=True)
    ]
    projects = pd.DataFrame(
        [(f"{place}-{i}", f"{place}-o", status) for place, n, status in rows for i in range(n)],
        columns=["project_id", "organization_id", "status"],
    ).assign(title="П", sector="gov", centralised=False)
    organizations = pd.DataFrame(
        {
            "organization_id": [f"{p}-o" for p in places],
            "name": places,
            "kind": "other",
            "sector": "gov",
            "municipality_id": places,
        }
    )
    data = Registry.from_frames({"projects": projects, "organizations": organizations})
    text = plain(views.comparison(data, Scope.of_municipality("tyazhinsky-rayon")).text)
    assert "Больше, чем объясняет случай, отличаются: 2 из 3" in text
    assert "Тяжинский" in text
    assert "Яйский муниципальный район — 0 из 40, 0 %" in text or "0 из 40, 0 %" in text


def test_two_territories_are_not_compared(registry: Registry) -> None:
    assert "Сравнивать не с чем" in views.comparison(Registry.from_frames({}), Scope.region()).text


def test_a_control_chart_says_its_grade_and_its_means(registry: Registry) -> None:
    part = registry.slice(Scope.of_sector("health"))
    block = views.control_charts(part, views.grades(part))
    assert "среднее было" in block.text
    assert "Оценка A" in block.text
    charted = {f.name.split("_")[1] for f in block.figures if f.name.startswith("chart_")}
    assert charted == {"before", "after", "lower", "upper"}


def test_without_series_the_page_says_what_a_control_chart_needs(registry: Registry) -> None:
    part = registry.slice(Scope.of_project("mvd"))
    assert "не менее 13 замеров" in plain(views.control_charts(part, views.grades(part)).text)


def test_a_median_that_is_not_reached_is_unknown_and_says_so(registry: Registry) -> None:
    rows = [("a", "2019-06-01", "2019-08-30"), ("b", "2019-06-01", None), ("c", "2019-06-01", None)]
    projects = pd.DataFrame(rows, columns=["project_id", "started", "closed"]).assign(
        title="П",
        organization_id="o",
        sector="gov",
        centralised=False,
        status=["closed", "in_progress", "in_progress"],
    )
    dated = projects.assign(
        started=pd.to_datetime(projects["started"]), closed=pd.to_datetime(projects["closed"])
    )
    block = views.time_to_close(Registry.from_frames({"projects": dated}), DAY)
    assert value(block, "time_to_close") is None
    assert "ещё не закрыта" in block.text
    part = registry.slice(Scope.of_municipality("kemerovsky-okrug"))
    assert "Половина проектов закрыта за 212 дней" in plain(views.time_to_close(part, DAY).text)


def test_without_a_closed_project_the_time_to_close_is_unknown() -> None:
    assert "неизвестно" in views.time_to_close(Registry.from_frames({}), DAY).text


def test_the_profile_shows_have_need_and_lack_at_each_threshold(registry: Registry) -> None:
    text = plain(views.profile(maturity.score(registry, as_of=DAY)).text)
    assert "X 28 из 9, Y 105 из 25" in text
    assert "X 28 из 17, Y 105 из 100" in text
    assert "X 28 из 26, Y 105 из 250 −145" in text
    assert "X 11 из 18 −7, Y 18 из 25 −7" in text


def test_an_own_map_replaces_the_tiles_and_names_who_is_not_on_it(registry: Registry) -> None:
    ring = ((86.0, 55.0), (87.0, 55.0), (87.0, 56.0), (86.0, 55.0))
    block = views.territories(registry, outlines={"kemerovsky-okrug": (ring,)})
    assert "<svg" in block.html
    assert "На карте нет" in block.text
    assert [figure.name for figure in block.figures].count("projects") == 34


def test_a_next_step_names_the_nearest_units_and_what_each_lacks(registry: Registry) -> None:
    profile = maturity.score(registry, as_of=DAY)
    health = maturity.Profile(DAY, (profile.direction(3),))
    text = plain(views.next_steps(health, registry, Scope.region(), DAY).text)
    assert "Здравоохранение: ещё 16 поликлиник" in text
    assert "1 критерий" in text


def test_the_forecast_gives_a_date_with_its_interval_or_why_there_is_none(registry: Registry) -> None:
    profile = maturity.score(registry, as_of=DAY)
    text = plain(views.forecast(profile, registry, Scope.region(), DAY).text)
    assert "145 проектов | 8,7 проектов | 20.02.2021 | 27.10.2020 … 18.07.2021" in text
    assert "без дат прогноза нет" in text
    assert "темп не изменится" in text


def test_candidates_name_where_it_was_done_and_who_could(registry: Registry) -> None:
    text = plain(views.candidates(registry, Scope.of_municipality("kemerovsky-okrug")).text)
    assert "2 организации в 2 муниципальных образованиях" in text
    assert "Администрация" in text


def test_replication_says_who_could_still_adopt_a_practice(registry: Registry) -> None:
    text = plain(views.replication(registry, registry.slice(Scope.of_project("mfckem"))).text)
    assert "12 | 8 | 26" in text


def test_a_value_stream_shows_value_and_wastes_before_and_after(registry: Registry) -> None:
    block = views.streams(registry)
    assert "Время потока сократилось на" in plain(block.text)
    assert "создаёт ценность" in block.text
    assert "pce" in {figure.name for figure in block.figures}
    assert "шаги процессов не внесены" in views.streams(Registry.from_frames({})).text
