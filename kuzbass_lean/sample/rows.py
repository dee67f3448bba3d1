"""Rows collected table by table, and the frames made of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from kuzbass_lean import schema

AS_OF = date(2019, 9, 30)
START = date(2018, 6, 1)
DEMO = "(демо)"
OBSERVABLE = (date(2018, 10, 1), AS_OF - timedelta(days=75))
"""A project implemented between these days has room for weekly points before and after."""

Row = dict[str, Any]


class Rows:
    """The sample while it grows; every random choice comes from one seeded generator."""

    def __init__(self, seed: int) -> None:
        self.tables: dict[str, list[Row]] = defaultdict(list)
        self.random = np.random.default_rng(seed)

    def add(self, table: str, source: str, **cells: Any) -> None:
        """Add one row that says where it comes from."""
        self.tables[table].append({**cells, "source": source})

    def owned(self, **where: Any) -> list[Row]:
        """Return the projects whose cells are as given, in the order they were added."""
        rows = self.tables["projects"]
        return [row for row in rows if all(row.get(name) == cell for name, cell in where.items())]

    def keys(self, kind: str) -> list[str]:
        """Return the ids of the organisations of a kind, in the order they were added."""
        return [row["organization_id"] for row in self.tables["organizations"] if row["kind"] == kind]

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the tables with the schema's columns and types."""
        return {table: _frame(table, rows) for table, rows in self.tables.items()}


def _frame(table: str, rows: list[Row]) -> pd.DataFrame:
    types = schema.dtypes(table)
    frame = pd.DataFrame(rows).reindex(columns=list(types))
    dates = {name: pd.to_datetime(frame[name]) for name, dtype in types.items() if dtype == schema.DATE}
    return frame.assign(**dates).astype(types)


def deal(counts: Mapping[str, int], length: int) -> list[str | None]:
    """Deal names out over so many places, each at its own even pace; None fills the rest."""
    whole: list[tuple[str | None, int]] = [*counts.items(), (None, length - sum(counts.values()))]
    dealt = [
        ((2 * turn + 1) * length / (2 * number), order, name)
        for order, (name, number) in enumerate(whole)
        for turn in range(number)
    ]
    return [name for _, _, name in sorted(dealt, key=lambda item: item[:2])]
