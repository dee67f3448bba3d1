import pandas as pd
import pytest

from kuzbass_lean.lookup import Lookup, among, positions

COLUMN = pd.Series(["b", "a", None, "b", "c", "a"], dtype="str", index=[9, 8, 7, 6, 5, 4])


@pytest.mark.parametrize(
    ("asked", "positions"),
    [(["a"], [1, 5]), (["b", "a"], [0, 1, 3, 5]), (["b", "b"], [0, 3]), (["x"], []), ([], []), ([None], [])],
)
def test_positions_stand_in_the_order_of_the_rows_and_missing_is_never_found(
    asked: list[object], positions: list[int]
) -> None:
    assert Lookup(COLUMN).among(asked).tolist() == positions


def test_one_value_is_found_as_among_others() -> None:
    assert Lookup(COLUMN).of("c").tolist() == [4]


def test_a_column_without_rows_holds_nothing() -> None:
    assert Lookup(COLUMN.iloc[:0]).of("a").tolist() == []


def test_texts_are_found_among_keys_and_a_missing_one_is_not_even_if_a_key_is_missing() -> None:
    found = among(COLUMN, pd.Index(["b", None, "x"], dtype="str"))
    assert found.to_dict() == {9: True, 8: False, 7: False, 6: True, 5: False, 4: False}
    assert not among(COLUMN, pd.Index([], dtype="str")).any()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["c", None, "x", "c"], [2, -1, -1, 2]),
        (["a", "b", "c", "d", "b", None, "x"], [0, 1, 2, 3, 1, -1, -1]),
        (["d"], [3]),
        (["x", None], [-1, -1]),
        ([], []),
    ],
)
def test_texts_are_found_among_keys_whichever_side_is_longer(
    wanted: list[str | None], found: list[int]
) -> None:
    keys = pd.Series(["a", "b", "c", "d"], dtype="str")

    assert positions(pd.Series(wanted, dtype="str"), keys).tolist() == found


def test_nothing_is_found_among_no_keys() -> None:
    assert positions(COLUMN, COLUMN.iloc[:0]).tolist() == [-1] * len(COLUMN)
