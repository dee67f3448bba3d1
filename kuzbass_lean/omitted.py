"""What did not get into a registry: rows in error, and territories whose file has not arrived.

Whoever reads a report must see that something is missing from it; so what was left out is kept
by whom it concerns, and cut to a scope like the registry itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

OWNERS: Final = ("municipality_id", "sector", "project_id")
"""Whom a row concerns: missing is unknown, so it may be anybody's; empty is surely nobody's."""

COLUMNS: Final = ("table", "rules", *OWNERS, "rows")
RULES_APART: Final = ","


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many rows of a table were left out of a registry, and how many break each rule."""

    rows: int
    rules: Mapping[str, int]


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="int64" if name == "rows" else "str") for name in COLUMNS})


@dataclass(frozen=True)
class Omitted:
    """Rows left out, counted by ``COLUMNS`` (rules joined by commas), and territories without a file."""

    rows: pd.DataFrame = field(default_factory=_nothing)
    territories: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return len(self.rows) > 0 or bool(self.territories)

    def of(self, **scope: str | None) -> Omitted:
        """Return what may concern a scope, given by some of ``OWNERS``; None asks for nothing."""
        mask = pd.Series(True, index=self.rows.index)
        for name, key in scope.items():
            if key is not None:
                mask &= self.rows[name].isna() | self.rows[name].eq(key)
        place = scope.get("municipality_id")
        territories = self.territories if place is None else tuple(t for t in self.territories if t == place)
        return Omitted(self.rows[mask], territories)

    def tables(self) -> dict[str, LeftOut]:
        """Return what was left out of each table."""
        found = {}
        for table, rows in self.rows.groupby("table", sort=False):
            rules: Counter[str] = Counter()
            for broken, count in zip(rows["rules"], rows["rows"], strict=True):
                for rule in str(broken).split(RULES_APART):
                    rules[rule] += max(int(count), 1)
            found[str(table)] = LeftOut(int(rows["rows"].sum()), dict(sorted(rules.items())))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that ``from_dict`` takes."""
        rows = self.rows.astype("object").where(self.rows.notna(), None)
        return {"rows": rows.to_dict("list"), "territories": list(self.territories)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Omitted:
        """Return what ``to_dict`` gave."""
        rows = pd.DataFrame(values["rows"], columns=list(COLUMNS)).astype(_nothing().dtypes)
        return cls(rows, tuple(values["territories"]))


def gathered(parts: Sequence[pd.DataFrame], territories: Sequence[str] = ()) -> Omitted:
    """Return what was left out in all parts, rows of the same table, rules and owners counted together."""
    whole = pd.concat([_nothing(), *parts], ignore_index=True)[list(COLUMNS)].astype(_nothing().dtypes)
    by = list(COLUMNS[:-1])
    counted = whole.groupby(by, dropna=False, sort=True)["rows"].sum().reset_index()
    return Omitted(counted, tuple(territories))
