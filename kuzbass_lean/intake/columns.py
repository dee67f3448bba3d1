"""A reading's cells into their types; what is repaired or refused is said cell by cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from kuzbass_lean import checks, parsing, schema, spelling
from kuzbass_lean.errors import Finding
from kuzbass_lean.intake.reading import STRING, Reading
from kuzbass_lean.parsing import Mended


@dataclass(frozen=True)
class _Column:
    cells: pd.Series
    bad: pd.Series
    mended: Mapping[str, Mended]
    text: pd.Series


def type_columns(table: str, reading: Reading, own_territories: bool) -> Reading:
    """Give every column its type; cells that do not fit become findings and stay missing.

    Parameters
    ----------
    table
        The table's name.
    reading
        Cells as text, or typed ones of a Parquet file.
    own_territories
        Whether the registry brings its own territories, so that the catalogue's names do not hold.
    """
    reading = _take_apart(table, reading)
    typed: dict[str, pd.Series] = {}
    findings: list[Finding] = []
    for name, dtype in schema.dtypes(table).items():
        if name not in reading.frame:
            typed[name] = parsing.blank(reading.frame.index, dtype)
            continue
        group = schema.labels(table).get(name, "")
        if group == "municipality" and own_territories:
            group = ""
        column = _column(reading.frame[name], dtype, group, reading.serials)
        typed[name] = column.cells
        findings += _say(reading.file, name, dtype, column)
    frame = pd.DataFrame(typed, index=reading.frame.index)
    return replace(reading, frame=frame).adding(*findings)


def _column(cells: pd.Series, dtype: str, group: str, serials: bool) -> _Column:
    if dtype == schema.TEXT:
        return _text_column(cells, group)
    if str(cells.dtype) == "object":
        cells = cells.map(lambda cell: None if _absent(cell) else str(cell))
    typed, bad = parsing.parse(cells, dtype)
    if not bad.any():
        return _Column(typed, bad, {}, cells)
    text = cells[bad].astype("str")
    made = {cell: parsing.mend(cell, dtype, serials=serials) for cell in text.unique()}
    mended = {cell: repair for cell, repair in made.items() if repair is not None}
    after = text.map({cell: repair.text for cell, repair in mended.items()}).astype("str").fillna(text)
    again, still_bad = parsing.parse(after, dtype)
    typed = typed.copy()
    typed[bad] = again
    refused = bad.copy()
    refused[bad] = still_bad
    sound = {cell: m for cell, m in mended.items() if cell not in set(text[still_bad])}
    return _Column(typed, refused, sound, text)


def _text_column(cells: pd.Series, group: str) -> _Column:
    """Every different text that needs it is looked at once, however long the column is."""
    text, bad = parsing.parse(cells, schema.TEXT)
    if group:
        exact = spelling.vocabulary(group).exact
        different = text.dropna().unique()
    else:
        exact, different = {}, text[spelling.doubtful(text)].unique()
    prescribed = {cell: exact[cell] for cell in different if cell in exact}
    doubtful = [cell for cell in different if cell not in exact]
    mended = {cell: made for cell in doubtful if (made := _mend_text(cell, group)) is not None}
    after = prescribed | {cell: made.text for cell, made in mended.items()}
    changed = {cell: new for cell, new in after.items() if cell != new}
    if changed:
        moved = text.isin(list(changed))
        text = text.mask(moved, text[moved].map(changed).astype(schema.TEXT))
        text = text.where(text.ne(""))
    return _Column(text, bad, mended, cells if mended else text[:0])


_LONGEST_NOTHING = 20
"""Words for nothing are shorter than this; longer texts are not looked at for them."""

_UNTIDY = re.compile(spelling.UNTIDY)


def _mend_text(cell: str, group: str) -> Mended | None:
    if not group and len(cell) > _LONGEST_NOTHING and not _UNTIDY.search(cell):
        return None
    tidied = spelling.tidy(cell)
    if group:
        vocabulary = spelling.vocabulary(group)
        key = vocabulary.exact.get(tidied) or vocabulary.find(tidied)
        if key is not None:
            return Mended(key, "spelling")
    if not tidied or spelling.means_nothing(tidied):
        return Mended("", "means_nothing")
    return Mended(tidied, "spaces") if tidied != cell else None


def _say(file: str, name: str, dtype: str, column: _Column) -> list[Finding]:
    findings = []
    told = column.text[column.text.isin(list(column.mended))] if column.mended else column.text[:0]
    for row, value in told.items():
        mended = column.mended[str(value)]
        place = {"row": row, "column": name, "value": value, "after": mended.text}
        findings.append(checks.finding(mended.rule, file, severity="repair", **place))
    for row in column.bad.index[column.bad]:
        findings.append(
            checks.finding(parsing.RULES[dtype], file, row=row, column=name, value=column.text[row])
        )
    return findings


def _take_apart(table: str, reading: Reading) -> Reading:
    """Values in words, «37–40» or «до 5», into the columns that they belong to."""
    if table not in _BOUNDS:
        return reading
    low, high = _BOUNDS[table]
    frame, findings = reading.frame.copy(), []
    for name in dict.fromkeys((low, high)):
        if name not in frame or pd.api.types.is_numeric_dtype(frame[name]):
            continue
        _, bad = parsing.parse(frame[name], schema.NUMBER)
        for row in frame.index[bad]:
            quantity = parsing.quantity(str(frame.loc[row, name]))
            if quantity is None:
                continue
            findings.append(_spread(reading.file, frame, row, name, quantity, (low, high)))
    return replace(reading, frame=frame).adding(*findings)


_BOUNDS = {"values": ("low", "high"), "effects": ("amount", "amount")}


def _spread(
    file: str, frame: pd.DataFrame, row: Any, name: str, found: parsing.Quantity, bounds: tuple[str, str]
) -> Finding:
    """Fill the row in place (a copy) unless what stands there already says otherwise."""
    low, high = bounds
    value = frame.loc[row, name]
    if low == high:
        single = {"up_to": found.high, "at_least": found.low}
        cells = {low: single.get(found.qualifier, "")}
        conflict = not cells[low]
    else:
        cells = {low: found.low, high: found.high}
        conflict = False
    cells |= {"qualifier": found.qualifier, **({"factor": found.factor} if found.factor else {})}
    for column, cell in cells.items():
        there = None if column == name else _there(frame, row, column)
        conflict |= there is not None and there != cell
    place = {"row": row, "column": name, "value": value}
    if conflict:
        frame.loc[row, name] = None
        return checks.finding("quantity_conflict", file, **place)
    for column, cell in cells.items():
        if column not in frame:
            frame[column] = pd.Series(index=frame.index, dtype=STRING)
        frame.loc[row, column] = cell or None
    said = ", ".join(f"{column} = {cell}" for column, cell in cells.items() if cell)
    return checks.finding("quantity", file, severity="repair", **place, after=said)


def _there(frame: pd.DataFrame, row: Any, column: str) -> str | None:
    """What a neighbouring cell says, in prescribed spelling, or None where it says nothing."""
    if column not in frame or _absent(frame.loc[row, column]):
        return None
    text = spelling.tidy(str(frame.loc[row, column]))
    if column == "qualifier":
        vocabulary = spelling.vocabulary("qualifier")
        return vocabulary.exact.get(text) or vocabulary.find(text) or text
    if not text or spelling.means_nothing(text):
        return None
    mended = parsing.mend(text, schema.NUMBER)
    return mended.text if mended else text


def _absent(cell: object) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or cell != cell or cell == ""
