import itertools
import re
from datetime import date
from xml.etree import ElementTree

import pandas as pd
import pytest

from kuzbass_lean import charts, evidence
from kuzbass_lean.charts import Dot, Drawing, Limits, Pair, Region
from kuzbass_lean.evidence import ControlChart
from kuzbass_lean.figures import Figure

HOSTILE = '<script>alert(1)</script> $x$ & "кавычки" 🙂 שלום'

PAIRS = [
    Pair("Время услуги", 35.7, None, False, False, "28 → 10 мин", "−64,3 %", "D"),
    Pair(HOSTILE, None, 132.1, False, True, "28 → 37–40", "+32,1 %", "E"),
    Pair("Стало хуже", 120.0, 90.0, True, True, "10 → 12", "+20 %", "C"),
]


def number(value: float | None, text: str = "") -> Figure:
    return Figure("n", "число", value, text or str(value), "minute", "stated")


def drawn(chart: ControlChart, words: tuple[str, str, str, str, str]) -> Drawing:
    limits = [
        Limits(start, number(mean), number(low), number(high)) for start, mean, low, high in chart.phases
    ]
    days = [date(2019, 1, 1 + n) for n in range(20)]
    target = None if chart.target is None else number(chart.target)
    return charts.control(chart.points, limits, target, days, 13, words, "мин", "карта")


WORDS = ("среднее", "верх", "низ", "цель", "изменение")


def dumbbell() -> Drawing:
    return charts.dumbbell(PAIRS, "% от «было»", ("было", "изменение", "оц."), f"Смысл {HOSTILE}")


def funnel() -> Drawing:
    limits = evidence.funnel_limits(0.5, range(1, 41))
    dots = [Dot(10, 50, "inside"), Dot(40, 90, "above", "Выше"), Dot(30, 40, "own", "Наша")]
    return charts.funnel(dots, limits, number(50.0), ("среднее", "95", "99,8", "проектов", "доля"), "воронка")


def control() -> Drawing:
    values = [40, 42, 39, 41, 40, 43, 38, 41, 40, 42, 39, 41, 40, 20, 19, 21, 20, 18, 21, 20]
    return drawn(evidence.xmr(values, target=22.0, rebase=(13,)), WORDS)


def run() -> Drawing:
    days = [date(2019, 1, 1 + n) for n in range(12)]
    return charts.run(
        [9, 8, 9, 7, 9, 8, 5, 4, 5, 4, 6, 5], number(6.5), days, 6, ("медиана", "изменение"), "мин", "серии"
    )


def survival() -> Drawing:
    found = evidence.time_to_close([10, 20, 30, 40], [True, True, True, False])
    return charts.survival(found.survival, number(found.median), ("дней", "доля"), "20 дней", "кривая")


def geography() -> Drawing:
    square = ((86.0, 55.0), (87.0, 55.0), (87.0, 56.0), (86.0, 55.0))
    shown = [
        Region("А", (square,), 3, "5", "a.html"),
        Region("Б", (tuple((x + 1, y) for x, y in square),), None, "—", "b.html"),
    ]
    return charts.geography(shown, "карта")


ALL = [dumbbell, funnel, control, run, survival, geography]


@pytest.mark.parametrize("made", ALL, ids=lambda f: f.__name__)
def test_a_chart_is_well_formed_svg_with_a_role_and_its_alt_text(made: type) -> None:
    drawing = made()
    for svg in (drawing.wide, drawing.narrow):
        root = ElementTree.fromstring(svg)
        assert root.get("role") == "img"
        assert root.get("aria-label") == drawing.alt


@pytest.mark.parametrize("made", ALL, ids=lambda f: f.__name__)
def test_the_same_values_give_the_same_bytes(made: type) -> None:
    assert made() == made()


@pytest.mark.parametrize("made", ALL, ids=lambda f: f.__name__)
def test_a_chart_carries_no_date_no_foreign_address_and_no_script(made: type) -> None:
    svg = made().wide
    assert "<script" not in svg
    assert "<metadata" not in svg
    assert not re.search(r"https?://(?!www\.w3\.org/)", svg)


def test_every_reference_within_a_chart_leads_to_something_in_it() -> None:
    svg = funnel().wide
    names = re.findall(r' id="([^"]+)"', svg)
    assert len(names) == len(set(names)) > 0
    assert set(re.findall(r"#([0-9a-f]{6}\w+)", svg)) <= set(names)


def test_two_charts_on_a_page_share_no_name() -> None:
    first, second = dumbbell(), funnel()
    names = [set(re.findall(r' id="([^"]+)"', svg)) for d in (first, second) for svg in (d.wide, d.narrow)]
    assert sum(map(len, names)) == len(set.union(*names))


def test_registry_text_with_dollars_and_tags_stays_text() -> None:
    texts = "".join(ElementTree.fromstring(dumbbell().narrow).itertext())
    assert "<script>alert(1)</script> $x$" in texts


def test_a_chart_of_twelve_measures_stays_small() -> None:
    drawing = charts.dumbbell(PAIRS * 4, "ось", ("а", "б", "в"), "смысл")
    assert len(drawing.wide) < 20_000


def test_worse_than_before_has_a_shape_of_its_own() -> None:
    better = charts.dumbbell([PAIRS[0]], "ось", ("а", "б", "в"), "смысл").wide
    worse = charts.dumbbell([PAIRS[2]], "ось", ("а", "б", "в"), "смысл").wide
    assert charts.theme.ORANGE in worse
    assert charts.theme.ORANGE not in better


def test_points_beyond_the_limits_have_their_names_and_others_have_not() -> None:
    texts = list(ElementTree.fromstring(funnel().wide).itertext())
    assert "Выше" in texts
    assert "Наша" in texts


def test_a_territory_of_the_map_leads_to_its_page() -> None:
    assert 'xlink:href="a.html"' in geography().wide


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("короткое", 8, "короткое"),
        ("короткое имя", 11, "короткое…"),
        ("короткое имя", 12, "короткое имя"),
        ("безпробелов", 5, "безп…"),
    ],
)
def test_a_long_label_is_cut_at_a_word_with_an_ellipsis(text: str, most: int, short: str) -> None:
    assert charts.theme.shorten(text, most) == short


def test_the_survival_curve_starts_with_every_project_open() -> None:
    found = evidence.time_to_close(pd.Series([10.0]), pd.Series([True]))
    assert "<svg" in charts.survival(found.survival, number(found.median), ("а", "б"), "в", "смысл").wide


def test_dates_on_an_axis_are_whole_while_coordinates_are_rounded() -> None:
    days = [date(2018, 11, 1 + n) for n in range(20)]
    chart = evidence.xmr([40.0 + n % 3 for n in range(20)])
    limits = [Limits(0, number(41.0), number(38.0), number(44.0))]
    svg = charts.control(chart.points, limits, None, days, 13, WORDS, "мин", "карта").wide
    assert {"01.11.2018", "11.11.2018", "20.11.2018"} <= set(ElementTree.fromstring(svg).itertext())
    assert not re.search(r'="[^"<]*\d\.\d{2}', svg)


def test_a_limit_is_drawn_and_labelled_by_its_figure() -> None:
    days = [date(2019, 1, 1 + n) for n in range(20)]
    chart = evidence.xmr([40.0 + n % 3 for n in range(20)])
    low, high = (
        [Limits(0, number(mean, f"{mean} мин"), number(30.0), number(50.0))] for mean in (39.0, 41.0)
    )
    one, other = (
        charts.control(chart.points, limits, None, days, 13, WORDS, "мин", "карта").wide
        for limits in (low, high)
    )
    assert "среднее 39.0 мин" in one
    assert "среднее 41.0 мин" in other
    heights = [
        next(
            float(text.get("y", ""))
            for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
            if (text.text or "").startswith("среднее")
        )
        for svg in (one, other)
    ]
    assert heights[0] > heights[1]


def test_labels_of_limits_that_lie_close_do_not_cover_each_other() -> None:
    chart = evidence.xmr([40.0 + 0.01 * (n % 2) for n in range(20)], target=40.0)
    texts = ElementTree.fromstring(drawn(chart, WORDS).wide).iter("{http://www.w3.org/2000/svg}text")
    ends = sorted(float(t.get("y", "")) for t in texts if (t.text or "").split(" ")[0] in WORDS[:4])
    assert len(ends) == 4
    assert min(b - a for a, b in itertools.pairwise(ends)) > 15
