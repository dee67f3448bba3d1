import re
from datetime import date
from pathlib import Path

import ipywidgets as widgets
import pandas as pd
import pytest
from openpyxl import load_workbook

import kuzbass_lean as kl
from kuzbass_lean import intake
from kuzbass_lean.errors import UnknownNameError, UsageError
from kuzbass_lean.lab import CHARTS, TABLES, Choice, Explorer, View
from kuzbass_lean.press.plan import load_plan
from kuzbass_lean.registry import Registry

ROOT = Path(__file__).parents[1]
DAY = date(2019, 9, 30)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return intake.read(intake.sample_path())


@pytest.fixture(scope="module")
def region(registry: Registry) -> View:
    return View(registry, Choice(DAY))


@pytest.fixture
def explorer(registry: Registry, tmp_path: Path) -> Explorer:
    """The lab on the quickest of choices; a test that needs another makes it."""
    folders = {name: str(tmp_path / name) for name in ("params", "exports")}
    return kl.lab.explore(registry, sector="transport", municipality="kiselevsky-okrug", **folders)


def test_a_choice_is_the_region_a_sector_a_municipality_or_a_pair() -> None:
    asked = [{}, {"sector": "mfc"}, {"municipality": "kiselevsky-okrug"}]
    asked.append({"sector": "mfc", "municipality": "kiselevsky-okrug"})
    kinds = [Choice(DAY, **names).scope.kind for names in asked]
    assert kinds == ["region", "sector", "municipality", "pair"]


@pytest.mark.parametrize(
    ("sector", "municipality"),
    [("", ""), ("", "kemerovsky-okrug"), ("culture", "yashkinsky-rayon")],
)
def test_every_choice_shows_every_chart_and_table(registry: Registry, sector: str, municipality: str) -> None:
    view = View(registry, Choice(DAY, sector=sector or None, municipality=municipality or None))
    for name in CHARTS:
        assert view.chart(name).text
    for name in TABLES:
        assert len(view.table(name).columns) > 3
    assert len(view.table("projects")) == len(view.part.projects)


def test_a_table_speaks_russian_and_keeps_what_is_unknown_empty(registry: Registry, region: View) -> None:
    table = region.table("projects")
    assert set(table["Статус"]) <= {
        "планируется", "в работе", "реализован", "закрыт", "отменён", "статус не указан"
    }  # fmt: skip
    late = table["Просрочен, дней"].dropna()
    assert len(late) == len(kl.metrics.overdue(registry.projects, DAY))
    assert table["Закрыт"].isna().any()


def test_a_view_of_an_earlier_day_is_the_registry_as_it_stood(registry: Registry) -> None:
    earlier = View(registry, Choice(date(2019, 3, 31)))
    assert earlier.table("projects")["Закрыт"].max() <= pd.Timestamp("2019-03-31")


def test_more_of_what_is_missing_gives_the_level_and_one_less_does_not(
    registry: Registry, region: View
) -> None:
    (step,) = kl.maturity.next_steps(registry, region.profile, directions=[8])
    assert step.units == 3
    assert kl.lab.try_out(region, 8, units=2).after.level == "none"
    assert kl.lab.try_out(region, 8, units=3).after.level == "reserve"


def test_what_each_unit_reaches_counts_too(region: View) -> None:
    below, at = (kl.lab.try_out(region, 3, units=16, y=y).after.worst_case for y in (70, 75))
    assert (below, at) == ("reserve", "candidate")


def test_a_trial_in_a_municipality_is_scored_by_its_own_units(registry: Registry) -> None:
    view = View(registry, Choice(DAY, municipality="kemerovsky-okrug"))
    number = view.profile.directions[0].number
    outcome = kl.lab.try_out(view, number)
    assert outcome.after.level == outcome.before.level == view.profile.directions[0].level
    assert outcome.after.units == outcome.before.units


def test_controls_and_names_choose_the_same(explorer: Explorer) -> None:
    explorer.municipality.value = "yurginsky-okrug"
    by_hand = explorer.text
    assert explorer.choose("Транспорт", "г. Юрга").text == by_hand
    assert explorer.municipality.value == "yurginsky-okrug"
    assert explorer.tables.view is explorer.charts.view is explorer.view


def test_an_unknown_name_is_refused_with_the_nearest(explorer: Explorer) -> None:
    with pytest.raises(UnknownNameError, match="health"):
        explorer.choose(sector="healt")


def test_a_period_that_ends_before_it_begins_is_said_beside_the_controls(explorer: Explorer) -> None:
    before = explorer.view
    explorer.since.value = date(2020, 1, 1)
    assert "before the report date" in explorer.place.value
    assert explorer.charts.view.choice == before.choice


def test_moving_a_slider_changes_the_level_that_is_shown(explorer: Explorer) -> None:
    explorer.choose().trial.direction.value = 8
    assert "Если: нет уровня" in explorer.trial.text
    explorer.trial.units.value = 3
    assert "Если: Резерв" in explorer.trial.text
    explorer.trial.direction.value = 7
    assert explorer.trial.units.value == 0


def test_sliders_that_a_direction_does_not_know_are_hidden(explorer: Explorer) -> None:
    explorer.choose()
    shown = {}
    for number in (1, 3, 5, 8):
        explorer.trial.direction.value = number
        sliders = (explorer.trial.units, explorer.trial.projects, explorer.trial.y)
        shown[number] = [slider.layout.display != "none" for slider in sliders]
    assert shown == {
        1: [True, True, False],
        3: [True, False, True],
        5: [True, False, True],
        8: [True, False, False],
    }


def test_a_choice_without_a_direction_has_nothing_to_try_out(explorer: Explorer) -> None:
    assert "нет направлений модели" in explorer.choose(sector="culture").trial.text


def test_a_panel_shows_a_widget_and_says_the_same_in_words(explorer: Explorer) -> None:
    for panel in (explorer, explorer.charts, explorer.tables, explorer.trial, explorer.keeping):
        bundle = panel._repr_mimebundle_()
        assert "application/vnd.jupyter.widget-view+json" in bundle
        assert bundle["text/plain"] == panel.text
        assert isinstance(panel.widget, widgets.VBox)


def test_tables_bring_their_script_with_them(explorer: Explorer) -> None:
    engine, _, place = explorer.tables.widget.children
    for output in (*engine.outputs, *place.outputs):
        assert "https://www.unpkg" not in output["data"]["text/html"].replace("itables.org", "")
    assert "<script" in place.outputs[0]["data"]["text/html"]


def test_the_workbook_holds_every_table_and_the_same_view_gives_the_same_bytes(
    explorer: Explorer, tmp_path: Path
) -> None:
    path = explorer.choose(sector="mfc").keeping.write_excel()
    assert path == tmp_path / "exports" / "mfc-2019-09-30.xlsx"
    book = load_workbook(path)
    assert book.sheetnames == ["Проекты", "Организации", "Показатели", "Ключевые числа"]
    assert book["Проекты"].max_row == 1 + len(explorer.view.part.projects)
    first = path.read_bytes()
    assert explorer.keeping.write_excel().read_bytes() == first


def test_what_a_spreadsheet_would_run_is_written_as_text(registry: Registry, tmp_path: Path) -> None:
    title = "=cmd|' /C calc'!A1"
    risky = registry.with_projects(registry.projects.head(1).assign(title=title))
    view = View(risky, Choice(DAY))
    cell = load_workbook(kl.lab.write_excel(view, tmp_path / "x.xlsx"))["Проекты"]["A2"]
    assert (cell.value, cell.data_type) == (f"'{title}", "s")
    written = pd.read_csv(kl.lab.write_csv(view, tmp_path / "csv")[0])
    assert written["Название проекта"].item() == f"'{title}"


def test_csv_files_read_back_as_the_tables(explorer: Explorer) -> None:
    for name, path in zip(TABLES, explorer.keeping.write_csv(), strict=True):
        assert path.stem == name
        assert len(pd.read_csv(path)) == len(explorer.view.table(name))


def test_a_workbook_needs_its_ending(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="xlsx"):
        kl.lab.write_excel(View(registry, Choice(DAY)), tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("sector", "municipality", "expected"),
    [
        ("", "", "saved-mine"),
        ("health", "", "saved/mine"),
        ("", "kemerovsky-okrug", "saved/mine"),
        ("health", "kemerovsky-okrug", "saved/pair/mine"),
    ],
)
def test_a_saved_report_is_planned_with_what_was_chosen(
    explorer: Explorer, registry: Registry, sector: str, municipality: str, expected: str
) -> None:
    explorer.choose(sector, municipality, since="2019-01-01", as_of="2019-06-30")
    path = explorer.keeping.save_report("mine")
    (spec,) = load_plan(path.parent, ROOT / "notebooks", registry)
    assert spec.id == expected
    asked = {"as_of": "2019-06-30", "since": "2019-01-01", "sector": sector, "municipality": municipality}
    assert spec.parameters == {name: value for name, value in asked.items() if value}
    assert kl.views.way_up(explorer.view.choice.scope) == "../" * spec.depth


def test_readings_are_saved_with_the_report(registry: Registry, tmp_path: Path) -> None:
    view = View(registry, Choice(DAY), {1: "each"})
    path = kl.lab.save_report(view, "mine", tmp_path)
    assert load_plan(tmp_path, ROOT / "notebooks", registry)[0].parameters["readings"] == {1: "each"}
    assert path.name == "mine.yaml"


def test_a_report_is_saved_again_but_no_other_file_is_replaced(explorer: Explorer) -> None:
    path = explorer.keeping.save_report("mine")
    assert explorer.choose(sector="mfc").keeping.save_report("mine") == path
    assert "sector: mfc" in path.read_text(encoding="utf-8")
    path.write_text("notebook: region\noutput: region\n", encoding="utf-8")
    with pytest.raises(UsageError, match="choose another name"):
        explorer.keeping.save_report("mine")


@pytest.mark.parametrize("name", ["", "Мой отчёт", "../region", "a b", "-a"])
def test_a_name_that_is_no_file_name_is_refused_and_said(explorer: Explorer, name: str) -> None:
    explorer.keeping.name.value = name
    explorer.keeping.save.click()
    assert "use small Latin letters" in explorer.keeping.place.value
    assert not explorer.keeping.params.exists()


def test_buttons_say_what_they_wrote(explorer: Explorer) -> None:
    explorer.keeping.excel.click()
    assert "transport-kiselevsky-okrug-2019-09-30.xlsx" in explorer.keeping.place.value
    explorer.keeping.save.click()
    assert "kuzbass-lean build --only" in explorer.keeping.place.value


def test_the_stylesheet_of_the_lab_holds_the_rules_of_the_screen_within_its_scope() -> None:
    sheet = kl.lab.stylesheet(".mine")
    assert sheet.startswith(".mine{")
    assert sheet.count("{") == sheet.count("}")
    assert "body{" not in sheet
    assert "@page" not in sheet


def test_the_start_page_leads_to_every_notebook_and_nowhere_that_is_not_there() -> None:
    home = ROOT / "notebooks"
    targets = re.findall(r"\]\((.+?)\)", (home / "start.md").read_text(encoding="utf-8"))
    assert {path.name for path in home.glob("*.ipynb")} <= set(targets)
    assert all((home / target).is_file() for target in targets)
