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
