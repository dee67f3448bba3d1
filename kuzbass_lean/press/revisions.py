"""Which rows two registries do not share alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from kuzbass_lean import figures, schema
from kuzbass_lean.registry import Registry


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row of a table that two registries do not share alike: added, removed or changed in columns."""

    table: str
    key: str
    change: Literal["added", "removed", "changed"]
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        about = f" ({', '.join(self.columns)})" if self.columns else ""
        return f"{self.table} {self.key} {self.change}{about}"


def between(old: Registry, new: Registry) -> tuple[RowChange, ...]:
    """Return the rows that differ between two registries, by table and key."""
    found: list[RowChange] = []
    for table in schema.TABLES:
        if old.has(table) or new.has(table):
            found += _changed(table, old.frame(table), new.frame(table))
    return tuple(found)


def _changed(table: str, old: pd.DataFrame, new: pd.DataFrame) -> Iterator[RowChange]:
    ours, theirs = _by_key(table, old), _by_key(table, new)
    for key in sorted({*ours, *theirs}):
        if key not in ours or key not in theirs:
            yield RowChange(table, key[0], "added" if key in theirs else "removed")
        elif ours[key] != theirs[key]:
            apart = (str(c) for c, cell in theirs[key].items() if ours[key][c] != cell)
            yield RowChange(table, key[0], "changed", tuple(apart))


def _by_key(table: str, frame: pd.DataFrame) -> dict[tuple[str, int], dict[Any, str]]:
    """Return rows as text under their key (as ``figures.key_texts``), and how often that stood before."""
    rows: dict[tuple[str, int], dict[Any, str]] = {}
    seen: Counter[str] = Counter()
    cells = frame.astype("object").where(frame.notna(), "").to_dict("records")
    for key, row in zip(figures.key_texts(table, frame), cells, strict=True):
        rows[key, seen[key]] = {column: str(cell) for column, cell in row.items()}
        seen[key] += 1
    return rows
