"""Cells into types: a column of text or typed cells, and the cells that do not fit.

Only what reads one way is read; a cell that could mean two things is not guessed.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd

from kuzbass_lean import schema

RULES: dict[str, str] = {
    schema.INTEGER: "not_integer",
    schema.NUMBER: "not_number",
    schema.DATE: "not_date",
    schema.FLAG: "not_flag",
    schema.TEXT: "unreadable",
}
"""The rule that a cell of each type breaks when it cannot be read."""

_TRUE, _FALSE = ("true", "1", "да"), ("false", "0", "нет")


def parse(cells: pd.Series, dtype: str) -> tuple[pd.Series, pd.Series]:
    """Return the cells as the type, and a mask of the filled cells that do not fit it.

    Parameters
    ----------
    cells
        Text, or already typed cells of a Parquet file; empty and missing stay missing.
    dtype
        One of the types of ``schema.py``.
    """
    if dtype == schema.TEXT:
        text = cells.astype(schema.TEXT)
        return text.where(cells.notna() & text.ne("")), pd.Series(False, index=cells.index)
    if str(cells.dtype) == dtype:
        return cells.astype(cast("Any", schema.nullable(dtype))), _not_finite(cells, dtype)
    text = cells.astype("str").str.strip()
    filled = cells.notna() & text.ne("")
    typed = _PARSERS[dtype](text.where(filled))
    return typed, (filled & typed.isna()).fillna(False).astype("bool")


def blank(index: pd.Index, dtype: str) -> pd.Series:
    """Return a column of missing cells of the type."""
    return pd.Series(index=index, dtype=cast("Any", schema.nullable(dtype)))


def _not_finite(cells: pd.Series, dtype: str) -> pd.Series:
    if dtype == schema.NUMBER:
        return pd.Series(np.isinf(cells), index=cells.index)
    return pd.Series(False, index=cells.index)


def _numbers(text: pd.Series) -> pd.Series:
    plain = text.where(text.str.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", na=False))
    numbers = pd.to_numeric(plain, errors="coerce").astype("float64")
    return numbers.where(np.isfinite(numbers))


def _integers(text: pd.Series) -> pd.Series:
    plain = text.where(text.str.fullmatch(r"[+-]?\d{1,15}(\.0+)?", na=False))
    return pd.to_numeric(plain, errors="coerce").astype("float64").astype("Int64")


def _dates(text: pd.Series) -> pd.Series:
    day = text.str.replace(r"[T ]00:00:00(\.0+)?$", "", regex=True)
    plain = day.where(day.str.fullmatch(r"\d{4}-\d{2}-\d{2}", na=False))
    return pd.to_datetime(plain, format="%Y-%m-%d", errors="coerce").astype(schema.DATE)


def _flags(text: pd.Series) -> pd.Series:
    low = text.str.lower()
    flags = pd.Series(pd.NA, index=text.index, dtype="boolean")
    return flags.mask(low.isin(_TRUE), True).mask(low.isin(_FALSE), False)


_PARSERS = {
    schema.NUMBER: _numbers,
    schema.INTEGER: _integers,
    schema.DATE: _dates,
    schema.FLAG: _flags,
}
