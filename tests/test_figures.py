import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuzbass_lean import figures, schema
from kuzbass_lean.errors import LeanError, UnknownNameError
from kuzbass_lean.figures import Figure, Rows, said

FIGURE = Figure("total", "Всего", 3, "3", "project", "total", rows=Rows.of(projects=["p-1", "p-2"]))
HOSTILE = '<b>"&'


@given(st.lists(st.from_regex(r"[a-c]?[-/]?[0-9]{0,3}[x]?[0-9]{0,20}", fullmatch=True).filter(bool)))
def test_packed_keys_come_back_each_once(keys: list[str]) -> None:
    assert sorted(figures.unpack(figures.pack(keys))) == sorted(set(keys))


@given(st.lists(st.from_regex(r"[a-c]?[-/]?[0-9]{0,3}[x]?[0-9]{0,2}", fullmatch=True).filter(bool)))
def test_of_packed_keys_the_first_are_told_and_how_many_there_are(keys: list[str]) -> None:
    packed = figures.pack(keys)
    whole = figures.unpack(packed)
    for most in (0, 1, 5, 1000):
        assert figures.first(packed, most) == (len(whole), whole[:most])


def test_the_first_of_long_packed_texts_are_told_too() -> None:
    packed = figures.pack(f"p-{n:07}" for n in range(60_000) if n % 3)
    assert figures.first(packed, 3) == (40_000, ["p-0000001", "p-0000002", "p-0000004"])
    assert figures.first(figures.pack(f"p-{n:09}" for n in range(1, 10)), 2) == (
        9,
        ["p-000000001", "p-000000002"],
    )


KEYS = st.lists(
    st.from_regex(r"[a-c]?[-/]?[0-9]{0,3}[x]?[0-9]{0,3}", fullmatch=True).filter(bool), min_size=1
)


@given(st.lists(KEYS, min_size=1, max_size=4))
def test_packed_keys_are_merged_as_if_they_had_been_packed_together(several: list[list[str]]) -> None:
    whole = figures.pack(key for keys in several for key in keys)
    assert figures.merge([figures.pack(keys) for keys in several]) == whole


def test_long_packed_texts_are_merged_too() -> None:
    keys = [f"p-{n:07}" for n in range(60_000)]
    thirds = [figures.pack(keys[start::3]) for start in range(3)]
    assert figures.merge(thirds) == figures.pack(keys)
    assert figures.merge(thirds[:2]) == figures.pack([key for n, key in enumerate(keys) if n % 3 < 2])


def test_numbered_keys_are_packed_by_their_steps() -> None:
    assert figures.pack(f"p-{n:03}" for n in (*range(1, 101), 104)) == "p-\t3\t1+99 4"
    assert figures.pack(["p-9", "p-10", "p-11", "q"]) == "p-9\np-\t2\t10+1\nq"


def test_a_hundred_thousand_keys_with_gaps_take_little_room() -> None:
    keys = [f"p-{n:07}" for n in range(300_000) if n % 3]
    packed = figures.pack(keys)
    assert len(packed) < len(keys) / 10
    assert figures.unpack(packed) == keys


def test_no_keys_are_no_rows() -> None:
    assert figures.unpack(figures.pack([])) == []
    assert Rows.of(projects=[]) == Rows()
    assert figures.set_id({}) == ""


def test_rows_of_several_figures_are_joined_by_table() -> None:
    both = Rows.union([Rows.of(projects=["p-1"], values=["m · after"]), Rows.of(projects=["p-2", "p-1"])])
    assert both.keys() == {"projects": ["p-1", "p-2"], "values": ["m · after"]}


def test_a_row_is_known_by_its_key_and_without_one_by_all_it_says() -> None:
    values = schema.empty("values").assign(measure_id=["m"], phase=["after"])
    assert figures.key_texts("values", values) == ["m · after"]
    days = pd.to_datetime(["2019-01-02"])
    observed = pd.DataFrame({"measure_id": ["m"], "phase": ["after"], "observed_on": days, "value": [1.5]})
    assert figures.key_texts("observations", observed) == ["m · after · 2019-01-02 · 1.5"]
    frames = pd.DataFrame({"kind": ["school"], "municipality_id": [None], "as_of": days})
    assert figures.key_texts("frames", frames) == ["school ·  · 2019-01-02"]


def test_a_figure_reads_as_its_number_and_leads_to_its_formula() -> None:
    assert f"{FIGURE} из 5" == "3 из 5"
    assert said("{} из {}", FIGURE, "5").__html__() == ('<a href="#f-total" data-f="total">3</a> из 5')


def test_texts_are_listed_as_in_a_sentence_and_keep_their_figures() -> None:
    assert figures.listed([]) == ""
    assert figures.listed(["а"]) == "а"
    assert str(figures.listed(["а", FIGURE, "б"])) == "а, 3 и б"
    assert figures.within(figures.listed(["а", FIGURE, "б"])) == (FIGURE,)


def test_what_a_figure_says_is_text_and_never_html() -> None:
    shown = Figure(HOSTILE, HOSTILE, 3, HOSTILE, "project", HOSTILE, key=HOSTILE)
    assert "<b>" not in said("{}" + HOSTILE, shown).__html__()
    assert '""' not in shown.__html__()


def test_a_text_has_a_place_for_every_part() -> None:
    with pytest.raises(ValueError, match="1 places for 2 parts"):
        said("{}", "1", "2")


def test_figures_are_found_wherever_they_stand() -> None:
    other = Figure("other", "Другое", 1, "1", "project", "count")
    held = [("x", said("{} и {}", FIGURE, other)), {"a": other}, None]
    assert [figure.id for figure in figures.within(held)] == ["total", "other", "other"]


def test_figures_come_back_from_a_notebook_with_formula_version_and_date() -> None:
    about, (record,) = figures.load(figures.dump([FIGURE], {"as_of": "2019-09-30"}))
    assert about == {"as_of": "2019-09-30"}
    assert record["formula_text"] == FIGURE.formula_text
    assert (record["id"], record["value"], record["formula_version"]) == ("total", 3, 1)
    assert record["rows"] == {"projects": "p-\t1\t1+1"}
    assert record["numerator"] is None


def test_a_figure_shown_twice_is_one_and_two_under_one_name_are_an_error() -> None:
    _, records = figures.load(figures.dump([FIGURE, FIGURE]))
    assert len(figures.once(records)) == 1
    other = [{**records[0], "value": 4}]
    with pytest.raises(LeanError, match="two figures total, with value 3 and 4"):
        figures.once(records + other)


def test_a_formula_is_a_known_name_or_written_out() -> None:
    assert Figure("x", "", 1, "1", "", "а / б").formula_text == "а / б"
    with pytest.raises(UnknownNameError, match="improvement"):
        _ = Figure("x", "", 1, "1", "", "improvment").formula_text


@pytest.mark.parametrize("table", list(schema.TABLES))
def test_every_table_has_texts_of_keys(table: str) -> None:
    assert figures.key_texts(table, schema.empty(table)) == []
