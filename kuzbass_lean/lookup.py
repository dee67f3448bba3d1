"""Rows by what stands in a column: finding them costs what is found, not what there is."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyarrow import compute as pc

Positions = npt.NDArray[np.intp]


def among(texts: pd.Series, keys: pd.Series | pd.Index) -> pd.Series:
    """Return which of the texts are among the keys; a missing one never is.

    As ``Series.isin``, but column against column: pandas would look at every key by itself.
    """
    asked, known = (pa.array(column).cast(pa.large_string()) for column in (texts, keys))
    return pd.Series(np.asarray(pc.is_in(asked, value_set=known.drop_null())), index=texts.index)


class Lookup:
    """Positions of a column's rows by their value, made once for any number of questions."""

    def __init__(self, column: pd.Series) -> None:
        codes, values = pd.factorize(column)
        self._values = pd.Index(values)
        self._order = np.argsort(codes, kind="stable")
        # Missing values have the code -1 and come first; none of them is ever asked for.
        self._starts = np.searchsorted(codes[self._order], np.arange(len(self._values) + 1))

    def of(self, value: object) -> Positions:
        """Return the positions of the rows with the value, in their order."""
        return self.among([value])

    def among(self, values: Iterable[object]) -> Positions:
        """Return the positions of the rows with any of the values, in their order."""
        asked = pd.unique(self._values.get_indexer(pd.Index(values, dtype=self._values.dtype)))
        found = [self._order[self._starts[n] : self._starts[n + 1]] for n in asked if n >= 0]
        return np.sort(np.concatenate(found)) if found else np.empty(0, dtype=np.intp)


def positions(wanted: pd.Series, keys: pd.Series) -> Positions:
    """Return the position among unique keys of each wanted text; -1 where it is missing or not there.

    What ``isin``, ``map``, ``reindex`` and ``merge`` do, at a million rows: pandas looks texts
    up as Python objects one by one, Arrow does not.
    """
    asked, known = _arrow(wanted), _arrow(keys)
    if asked.slice(0, len(known)).equals(known):
        # who takes part in projects is listed as the leads of all of them, then the others
        rest = asked.slice(len(known))
        return np.concatenate([np.arange(len(known)), _found(rest, known)])
    return _found(asked, known)


def most_first(numbers: pd.Series, names: pd.Series) -> Positions:
    """Return the positions of rows, the largest number first, missing last; equal ones by name."""
    rows = pa.table({"number": pa.array(numbers, from_pandas=True), "name": _arrow(names)})
    keys = [("number", "descending"), ("name", "ascending")]
    order: Positions = pc.sort_indices(rows, sort_keys=keys).to_numpy().astype(np.intp)
    return order


def taken(frame: pd.DataFrame, at: Positions, index: pd.Index) -> pd.DataFrame:
    """Return the rows at the positions under a new index; -1 gives a row of missing cells."""
    columns = {name: frame[name].array.take(at, allow_fill=True) for name in frame}
    return pd.DataFrame(columns, index=index)


def distinct(rows: pd.DataFrame) -> tuple[Positions, pd.DataFrame]:
    """Return which of the distinct rows each row is, and these, in order of first appearance."""
    codes = rows.groupby(list(rows.columns), dropna=False, sort=False).ngroup().to_numpy().astype(np.intp)
    first = pd.Series(codes).drop_duplicates().index
    return codes, rows.iloc[first]


def _found(asked: pa.Array, keys: pa.Array) -> Positions:
    if 2 * len(asked) > len(keys):
        return _numbers(pc.index_in(asked, value_set=keys, skip_nulls=True))
    # the smaller side is hashed, the larger one only passes by
    coded = asked.dictionary_encode()
    at = _numbers(pc.index_in(keys, value_set=coded.dictionary, skip_nulls=True))
    rows = np.flatnonzero(at >= 0)
    # one place more than there are keys: the missing texts' own code -1 finds it
    places = np.full(len(coded.dictionary) + 1, -1, dtype=np.intp)
    places[at[rows]] = rows
    return places[_numbers(coded.indices)]


def _arrow(column: pd.Series) -> pa.Array:
    found = pa.array(column.array, type=pa.large_string(), from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _numbers(found: pa.Array) -> Positions:
    numbers: Positions = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
    return numbers
