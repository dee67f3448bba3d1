import hashlib

import numpy as np
import pandas as pd
import pyarrow as pa

from kuzbass_lean import content

FRAME = pd.DataFrame(
    {
        "key": pd.Series(["а", "bc", None], dtype="str"),
        "count": pd.Series([1, None, 3], dtype="Int64"),
        "share": [0.5, np.nan, -1.0],
        "day": pd.to_datetime(["2019-09-30", None, "1970-01-01"]).astype("datetime64[us]"),
        "flag": [True, False, True],
    }
)


def test_the_digest_is_of_columns_names_lengths_and_values_in_a_fixed_order_of_bytes() -> None:
    frame = pd.DataFrame({"k": pd.Series(["а", "b"], dtype="str"), "n": pd.Series([1, 258], dtype="Int64")})
    lengths, letters = b"\2\0\0\0\1\0\0\0", "аb".encode()
    numbers = b"\1\0\0\0\0\0\0\0\2\1\0\0\0\0\0\0"
    told = b"1:2" + b"1:k8:" + lengths + b"3:" + letters + b"1:n16:" + numbers + b"1:\0"
    assert content.digest(frame) == hashlib.sha256(told).hexdigest()


def test_what_holds_the_values_does_not_count() -> None:
    pieces = pd.concat([FRAME.iloc[:1], FRAME.iloc[1:]])
    part = pd.concat([FRAME, FRAME]).iloc[3:]
    nanoseconds = FRAME.assign(day=FRAME["day"].astype("datetime64[ns]"))
    objects = FRAME.assign(key=FRAME["key"].astype("object"))
    whole = FRAME.assign(count=[1, 2, 3])
    stored = pa.Table.from_pandas(FRAME).to_pandas()
    for same in (pieces, part, nanoseconds, objects, stored, FRAME.set_axis([7, 8, 9])):
        assert content.digest(same) == content.digest(FRAME)
    assert content.digest(whole) == content.digest(whole.assign(count=whole["count"].astype("Int64")))


def test_every_value_name_and_row_counts() -> None:
    others = [
        FRAME.assign(key=["аb", "c", None]),
        FRAME.assign(count=pd.Series([1, 0, 3], dtype="Int64")),
        FRAME.assign(share=[0.5, 0.0, -1.0]),
        FRAME.assign(day=FRAME["day"].fillna(pd.Timestamp("1970-01-01"))),
        FRAME.assign(flag=[True, True, True]),
        FRAME.rename(columns={"key": "name"}),
        FRAME.iloc[:2],
        FRAME.iloc[:0],
        FRAME.iloc[::-1],
        FRAME[["key"]],
    ]
    assert len({content.digest(each) for each in (FRAME, *others)}) == len(others) + 1
    assert content.digest(FRAME, FRAME.iloc[:0]) != content.digest(FRAME)


def test_a_missing_text_is_an_empty_one_as_in_a_file() -> None:
    assert content.digest(FRAME.assign(key=["а", "bc", ""])) == content.digest(FRAME)


def test_a_rows_number_is_that_of_its_cells_whatever_lies_around_it() -> None:
    numbers = content.rows(FRAME)
    assert len(set(numbers)) == 3
    assert list(content.rows(FRAME.iloc[::-1].set_axis([7, 8, 9]))) == list(numbers[::-1])
    assert list(content.rows(pd.concat([FRAME.iloc[2:], FRAME]))) == [numbers[2], *numbers]
    assert content.rows(FRAME.iloc[:0]).tolist() == []


def test_every_cell_of_a_row_counts_for_its_number_and_a_missing_one_is_no_zero() -> None:
    others = [
        FRAME.assign(key=["б", "bc", None]),
        FRAME.assign(key=["а", "bc", "в"]),
        FRAME.assign(count=pd.Series([1, 0, 3], dtype="Int64")),
        FRAME.assign(share=[0.5, 0.0, -1.0]),
        FRAME.assign(day=FRAME["day"].fillna(pd.Timestamp("1970-01-01"))),
        FRAME.assign(flag=[True, False, False]),
    ]
    for other in others:
        assert (content.rows(other) != content.rows(FRAME)).sum() == 1
