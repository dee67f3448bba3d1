"""Cells into types: a column of text or typed cells, and the cells that do not fit.

``parse`` reads only what is prescribed. ``mend`` turns a common other spelling into the
prescribed one, and only if it reads one way: a cell that could mean two things is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import pandas as pd

from kuzbass_lean import schema, spelling

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
    # Every different text is read once, however long the column is.
    codes, different = pd.factorize(cells.astype("str").where(cells.notna()))
    text = pd.Series(different, dtype="str").str.strip()
    filled = text.ne("")
    read = _PARSERS[dtype](text.where(filled))
    typed = pd.Series(read.array.take(codes, allow_fill=True), index=cells.index, name=cells.name)
    wrong = np.append((filled & read.isna()).to_numpy("bool"), False)  # what is missing has the code -1
    return typed, pd.Series(wrong[codes], index=cells.index, name=cells.name)


def blank(index: pd.Index, dtype: str) -> pd.Series:
    """Return a column of missing cells of the type."""
    return pd.Series(index=index, dtype=cast("Any", schema.nullable(dtype)))


def _not_finite(cells: pd.Series, dtype: str) -> pd.Series:
    if dtype == schema.NUMBER:
        return pd.Series(np.isinf(cells), index=cells.index)
    return pd.Series(False, index=cells.index)


def _numbers(text: pd.Series) -> pd.Series:
    plain = text.where(text.str.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", na=False))
    numbers = pd.to_numeric(plain, errors="coerce").astype("float64")
    return numbers.where(np.isfinite(numbers))


def _integers(text: pd.Series) -> pd.Series:
    plain = text.where(text.str.fullmatch(r"[+-]?[0-9]{1,15}(\.0+)?", na=False))
    return pd.to_numeric(plain, errors="coerce").astype("float64").astype("Int64")


def _dates(text: pd.Series) -> pd.Series:
    day = text.str.replace(r"[T ]00:00:00(\.0+)?$", "", regex=True)
    plain = day.where(day.str.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", na=False))
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


@dataclass(frozen=True, slots=True)
class Mended:
    """A cell's prescribed spelling, empty where it says there is nothing, and what was repaired."""

    text: str
    rule: str


def mend(text: str, dtype: str, *, serials: bool = True) -> Mended | None:
    """Return the prescribed spelling of a cell that ``parse`` refuses, or None if it is not sure.

    Parameters
    ----------
    text
        The cell as it stands: «3,5», «1 200», 01.02.2019, 43497, «+», a dash.
    dtype
        The type that the cell should have, one of ``schema.py``.
    serials
        Whether a bare number may be an Excel date of the 1900 system.
    """
    tidied = spelling.tidy(text)
    if not tidied or spelling.means_nothing(tidied):
        return Mended("", "means_nothing")
    if dtype == schema.DATE:
        return _mend_date(tidied, serials)
    menders: dict[str, Callable[[str], Mended | None]] = {
        schema.NUMBER: _mend_number,
        schema.INTEGER: _mend_number,
        schema.FLAG: _mend_flag,
    }
    return menders[dtype](tidied) if dtype in menders else None


def _mend_number(text: str) -> Mended | None:
    """Decimal comma, thousands apart, a typographic minus; a point and a comma together are doubtful."""
    plain = re.sub("^[\u2012-\u2015\u2212]", "-", text)
    if re.fullmatch(r"[+-]?[0-9]{1,3}( [0-9]{3})+([.,][0-9]+)?", plain):
        plain = plain.replace(" ", "")
    plain = plain.replace(",", ".")
    fits = re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", plain)
    return Mended(plain, "number_spelling") if fits else None


_FIRST_SERIAL, _LAST_SERIAL = 32874, 54788
"""1990-01-01 and 2049-12-31: outside these years a bare number is not taken for a date."""


def _mend_date(text: str, serials: bool) -> Mended | None:
    russian = re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(?: ?г\.?)?( 0?0:00(:00)?)?", text)
    if russian:
        day, month, year = (int(part) for part in russian.groups()[:3])
        try:
            return Mended(date(year, month, day).isoformat(), "date_spelling")
        except ValueError:
            return None
    timed = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?", text)
    if timed:
        return Mended(timed[1], "time_dropped")
    if serials and re.fullmatch(r"[0-9]{5}(\.0+)?", text):
        serial = int(float(text))
        if _FIRST_SERIAL <= serial <= _LAST_SERIAL:
            return Mended((date(1899, 12, 30) + timedelta(days=serial)).isoformat(), "excel_date")
    return None


def _mend_flag(text: str) -> Mended | None:
    answer = spelling.flags().get(spelling.plain(text))
    return Mended(answer, "flag_spelling") if answer else None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value in words taken apart: bounds, how they are meant, and by what factor it changed."""

    low: str
    high: str
    qualifier: str
    factor: str


_NUMBER = r"([0-9]+(?: [0-9]{3})*(?:[.,][0-9]+)?)"
_QUANTITIES = (
    (re.compile(rf"(?:от )?{_NUMBER} ?(?:[-\u2010-\u2015\u2212]|до) ?{_NUMBER}"), "range"),
    (re.compile(rf"(?:до|не более|не больше|<=|≤) ?{_NUMBER}"), "up_to"),
    (re.compile(rf"(?:от|не менее|не меньше|>=|≥) ?{_NUMBER}"), "at_least"),
    (re.compile(rf"(?:в )?{_NUMBER} раза?"), "factor_only"),
)


def quantity(text: str) -> Quantity | None:
    """Return «37–40», «до 5», «не менее 3» or «в 2 раза» taken apart, or None for anything else.

    A range whose first number is the larger is refused: which of them is wrong is not known.
    """
    tidied = re.sub(r"\s+", " ", spelling.tidy(text).casefold())
    for pattern, qualifier in _QUANTITIES:
        found = pattern.fullmatch(tidied)
        if not found:
            continue
        numbers = [number.replace(" ", "").replace(",", ".") for number in found.groups()]
        match qualifier:
            case "range":
                sound = float(numbers[0]) < float(numbers[1])
                return Quantity(numbers[0], numbers[1], qualifier, "") if sound else None
            case "up_to":
                return Quantity("", numbers[0], qualifier, "")
            case "at_least":
                return Quantity(numbers[0], "", qualifier, "")
            case _:
                return Quantity("", "", qualifier, numbers[0])
    return None
