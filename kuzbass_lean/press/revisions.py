"""Which rows two registries do not share alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from kuzbass_lean import schema
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
    keys = schema.keys(table) or tuple(schema.dtypes(table))
    ours, theirs = _by_key(old, keys), _by_key(new, keys)
    for key in sorted({*ours, *theirs}):
        name = " · ".join(part for part in key[:-1] if part)
        if key not in ours or key not in theirs:
            yield RowChange(table, name, "added" if key in theirs else "removed")
        elif ours[key] != theirs[key]:
            apart = (str(c) for c, cell in theirs[key].items() if ours[key][c] != cell)
            yield RowChange(table, name, "changed", tuple(apart))


def _by_key(frame: pd.DataFrame, keys: Iterable[str]) -> dict[tuple[str, ...], dict[Any, str]]:
    """Return rows as text under their key, and how often that key stood before."""
    rows: dict[tuple[str, ...], dict[Any, str]] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    for row in frame.astype("object").where(frame.notna(), "").to_dict("records"):
        said = {column: _cell(cell) for column, cell in row.items()}
        key = tuple(said[name] for name in keys)
        rows[*key, str(seen[key])] = said
        seen[key] += 1
    return rows


def _cell(value: Any) -> str:
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value)
