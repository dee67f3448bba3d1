"""Value streams on a page."""

import pandas as pd
import pytest

from kuzbass_lean import views
from kuzbass_lean.errors import UsageError
from kuzbass_lean.registry import Registry

STEPS = [
    # phase, step, name, process, wait, value, waste
    ("before", 1, "Приём", 10, 25, "va", "waiting"),
    ("before", 2, "Ввод", 15, 0, "nva", "processing"),
    ("after", 1, "Приём", 10, 5, "va", "waiting"),
]
GRADED = pd.DataFrame({"measure_id": ["m"], "letter": ["B"], "reason": ["так"], "usual": [None]})


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def registry() -> Registry:
    names = ["phase", "step", "name", "process_minutes", "wait_minutes", "value", "waste"]
    steps = pd.DataFrame(STEPS, columns=names).astype(
        {"process_minutes": "float64", "wait_minutes": "float64"}
    )
    measure = {"measure_id": "m", "project_id": "p", "name": "Поток", "unit": "minute", "family": "lead_time"}
    measures = pd.DataFrame([{**measure, "better": "lower", "statistic": "mean"}])
    return Registry.from_frames({"measures": measures, "steps": steps.assign(measure_id="m")})


def page(**about: float) -> str:
    return plain(views.streams(registry(), GRADED, {"m": about} if about else None).text)


def test_the_steps_stand_before_and_after_with_their_minutes_and_the_grade_beside_the_saving() -> None:
    text = page()
    # 10 + 25 + 15 = 50 minutes before, 15 after
    assert "Поток. Время потока сократилось на 35,0 минуты; оценка B" in text
    assert "было: 50,0 минуты, ценность создаёт 20,0 %: 1. Приём 10,0 (создаёт ценность)" in text
    assert "1. Приём 25,0 (потери); 2. Ввод 15,0 (потери)" in text
    assert "стало: 15,0 минуты, ценность создаёт 66,7 %" in text


def test_wastes_by_kind_stand_before_and_after() -> None:
    text = page()
    assert "Вид потерь | Было, мин | Стало, мин" in text
    assert "задержки | 25,0 | 5,0" in text
    assert "дополнительная обработка | 15,0 | —" in text


def test_the_bars_are_as_long_as_their_minutes() -> None:
    html = views.streams(registry(), GRADED).html
    assert "width:100.0%" in html
    assert "width:30.0%" in html  # 15 of 50
    assert "flex:25.0" in html


def test_without_a_demand_neither_takt_nor_hours_are_computed() -> None:
    assert "Такт не считается" in page()
    assert "Часы в год не считаются" in page()


def test_takt_and_hours_come_from_what_the_office_tells() -> None:
    # 480 minutes for 60 cases: 8 minutes a case, the first step takes 10; 35 minutes · 1200 / 60 = 700 hours
    text = page(per_day=60, minutes_per_day=480, per_year=1200)
    assert "Такт — 8,0 минуты на случай; дольше его шаги: 1." in text
    assert "Освобождается времени: 700 часов в год" in text
    assert "не деньги" in text
    assert "ни один шаг его не превышает" in page(per_day=40, minutes_per_day=480)
    figures = {f.id: f.value for f in views.streams(registry(), None, {"m": {"per_year": 1200}}).figures}
    assert figures["capacity_hours.m"] == 700
    assert "takt.m" not in figures


def test_the_demand_of_another_report_s_measure_is_passed_over() -> None:
    text = plain(views.streams(registry(), None, {"other": {"per_year": 5}}).text)
    assert "Часы в год не считаются" in text


@pytest.mark.parametrize(
    ("demand", "message"),
    [
        ({"m": {"per_dai": 5}}, "per_day"),
        ({"m": {"per_day": 0}}, "above zero"),
        ({"m": {"per_day": "5"}}, "above zero"),
        ({"m": 5}, "each with a number"),
    ],
)
def test_a_wrong_demand_is_refused(demand: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        views.streams(registry(), None, demand)


def test_every_number_of_a_stream_leads_to_the_steps_that_it_is_computed_from() -> None:
    block = views.streams(registry(), None, {"m": {"per_day": 60, "minutes_per_day": 480}})
    figures = {figure.id: figure for figure in block.figures}
    before, step = ["m · before · 1", "m · before · 2"], ["m · before · 1"]
    rows = {name: figure.rows.keys().get("steps", []) for name, figure in figures.items()}
    assert rows["lead_time_saved.m"] == ["m · after · 1", *before]
    assert rows["lead_minutes.m.before"] == rows["pce.m.before"] == before
    assert rows["step_minutes.m.before.1.nva"] == rows["waste_minutes.m.before.waiting"] == step
    assert rows["waste_minutes.m.before.processing"] == ["m · before · 2"]
    assert rows["takt.m"] == []
    assert "в реестре их нет" in figures["takt.m"].note
    # 10 of 50 minutes create value
    share = figures["pce.m.before"]
    assert (share.value, share.numerator, share.denominator) == (20, 10, 50)
    assert figures["step_minutes.m.before.1.nva"].value == 25
    assert block.html.count('data-f="waste_minutes.m.') == 3


def test_a_stream_that_grew_says_so_and_its_figure_is_below_zero() -> None:
    data = registry()
    turned = data.frame("steps").assign(
        phase=data.frame("steps")["phase"].map({"before": "after", "after": "before"})
    )
    block = views.streams(Registry.from_frames({**data.tables, "steps": turned}))
    assert "Время потока выросло на 35,0 минуты" in plain(block.text)
    assert {figure.id: figure.value for figure in block.figures}["lead_time_saved.m"] == -35


def test_of_several_streams_it_is_told_how_many_there_are() -> None:
    steps = registry().frame("steps")
    measures = registry().frame("measures")
    names = ["m", "n", "o"]
    tables = {
        "steps": pd.concat([steps.assign(measure_id=name) for name in names]),
        "measures": pd.concat([measures.assign(measure_id=name) for name in names]),
    }
    block = views.streams(Registry.from_frames(tables))
    assert "Показаны потоки: 2 из 3." in block.text
    every = next(figure for figure in block.figures if figure.id == "streams")
    assert (every.value, every.rows.keys()) == (3, {"measures": names})
