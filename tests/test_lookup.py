import pandas as pd
import pytest

from kuzbass_lean.lookup import Lookup, among

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
