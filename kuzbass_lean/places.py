"""Where the rows of a table stand: in one sheet of one file, or in several one after another."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: its file, its sheet (empty where files have none) and its line, from 1."""

    file: str
    sheet: str
    row: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows of a table that one sheet holds: its line n is row ``before`` + n of the table."""

    file: str
    sheet: str = ""
    before: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """The sheets that a table was read from, in the order of its rows.

    A table of one sheet numbers its rows by the lines of that sheet. Where several are put
    together, the lines of each go on after those of the one before, so a row's number stays
    unique and tells its sheet; this costs nothing per row.
    """

    stretches: tuple[Stretch, ...] = (Stretch(""),)

    def place(self, row: int) -> Place:
        """Return where a row of the table stands."""
        befores = [stretch.before for stretch in self.stretches]
        stretch = self.stretches[max(bisect_left(befores, row) - 1, 0)]
        return Place(stretch.file, stretch.sheet, row - stretch.before)

    def said(self, row: int, beside: int) -> str:
        """Return the line of a row in words, with its file and sheet if another row stands elsewhere."""
        place, other = self.place(row), self.place(beside)
        if (place.file, place.sheet) == (other.file, other.sheet):
            return str(place.row)
        sheet = f", лист «{place.sheet}»" if place.sheet else ""
        return f"{place.row} ({place.file}{sheet})"

    def row(self, file: str, sheet: str, line: int) -> int | None:
        """Return the row that a line of a sheet became, or None if the table has no such sheet."""
        for stretch in self.stretches:
            if (stretch.file, stretch.sheet) == (file, sheet):
                return stretch.before + line
        return None

    def places(self, rows: pd.Index) -> pd.DataFrame:
        """Return the places of many rows by row: file and sheet (categories), row (the line)."""
        befores = np.array([stretch.before for stretch in self.stretches])
        numbers = rows.to_numpy()
        at = np.maximum(np.searchsorted(befores, numbers) - 1, 0)
        return pd.DataFrame(
            {
                "file": _named([stretch.file for stretch in self.stretches], at),
                "sheet": _named([stretch.sheet for stretch in self.stretches], at),
                "row": numbers - befores[at],
            },
            index=rows,
        )


def _named(names: Sequence[str], at: np.ndarray) -> pd.Categorical[str]:
    """Return each position's name as a category, without a text per row."""
    different = pd.Index(list(dict.fromkeys(names)))
    codes = different.get_indexer(pd.Index(names))
    return pd.Categorical.from_codes(codes[at], categories=different)
