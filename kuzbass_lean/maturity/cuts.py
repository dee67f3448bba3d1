"""By how much each unit cut the time of first and repeat reception, exactly."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

import numpy as np
import pandas as pd

from kuzbass_lean.lookup import Positions, among, distinct, positions
from kuzbass_lean.maturity.reach import UNKNOWN, Reach, Units, ascending, whole_numbers
from kuzbass_lean.maturity.units import listed, total_units
from kuzbass_lean.registry import Registry, once

SERVICES = ("first", "repeat")
_ENDS = ["before_low", "before_high", "after_low", "after_high"]


@once
def by_lead_time(registry: Registry, kinds: tuple[str, ...], reading: str, as_of: date) -> Units:
    """Return the percent by which each unit cut the time of first and repeat reception."""
    total, missing = total_units(registry, kinds, as_of)
    names = listed(registry, kinds)["organization_id"]
    pairs = _pairs(registry, kinds)
    if reading == "pooled":
        codes, levels = _pooled(names, pairs)
    else:
        codes, levels = _joined(names, pairs, _ranked(registry, kinds), reading)
    found = Units(names.tolist(), codes, levels, total, open_ended=True, missing=missing)
    unknown = (f"values: lead_time, {found.unknown}",) if found.unknown else ()
    return replace(found, missing=(*missing, *unknown))


@once
def _pairs(registry: Registry, kinds: tuple[str, ...]) -> pd.DataFrame:
    measures = receptions(registry, listed(registry, kinds)["organization_id"])
    return before_after(measures, registry.frame("values"))


def receptions(registry: Registry, units: Collection[str]) -> pd.DataFrame:
    """Return the measures of first and repeat reception of the units, with ``unit``."""
    measures, projects = registry.frame("measures"), registry.projects
    measures = measures[measures["family"].eq("lead_time") & measures["service"].notna()]
    at = positions(measures["project_id"], projects["project_id"])
    lead = projects["organization_id"].array.take(at, allow_fill=True)
    unit = measures["organization_id"].fillna(pd.Series(lead, index=measures.index))
    return measures.assign(unit=unit)[among(unit, pd.Series(units, dtype=unit.dtype))]


def before_after(measures: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Return the ends stated before and after, a row a measure; one-sided values state none."""
    columns = ["measure_id", "low", "high", "observations"]
    usable = values[
        values["qualifier"].isin(["exact", "range"]) & among(values["measure_id"], measures["measure_id"])
    ]
    usable = usable.assign(
        low=usable["low"].fillna(usable["high"]), high=usable["high"].fillna(usable["low"])
    )
    pairs = measures[["measure_id", "unit", "service"]]
    for phase in ("before", "after"):
        part = usable.loc[usable["phase"].eq(phase), columns].set_index("measure_id").add_prefix(f"{phase}_")
        pairs = pairs.join(part, on="measure_id")
    return pairs


def _cut(low_before: int, high_before: int, low_after: int, high_after: int) -> Reach:
    """The cut in percent; it is least from the lower start to the higher end."""
    return (
        Fraction(100 * (low_before - high_after), low_before),
        Fraction(100 * (high_before - low_after), high_before),
    )


@dataclass(frozen=True, eq=False)
class _Ranked:
    """The cut of each measure by the place of its low among ``lows`` and of its high among ``highs``.

    An unknown low comes before all others (-1), an unknown high after all: so the lesser and the
    greater of two cuts, end by end, are those of two whole numbers, unknown ones included.
    """

    lows: list[Fraction]
    highs: list[Fraction]
    places: Positions

    @property
    def unknown(self) -> tuple[int, int]:
        return -1, len(self.highs)

    def reach(self, low: int, high: int) -> Reach:
        return None if low < 0 else self.lows[low], None if high == len(self.highs) else self.highs[high]


@once
def _ranked(registry: Registry, kinds: tuple[str, ...]) -> _Ranked:
    codes, ends = distinct(_pairs(registry, kinds)[_ENDS])
    cuts = [UNKNOWN if None in row or row[0] <= 0 else _cut(*row) for row in whole_numbers(ends)[0].tolist()]
    lows = ascending(low for low, _ in cuts if low is not None)
    highs = ascending(high for _, high in cuts if high is not None)
    place_of_low: dict[Fraction | None, int] = {None: -1, **{low: place for place, low in enumerate(lows)}}
    place_of_high: dict[Fraction | None, int] = {high: place for place, high in enumerate([*highs, None])}
    places = [(place_of_low[low], place_of_high[high]) for low, high in cuts]
    return _Ranked(lows, highs, np.array(places, dtype=np.intp).reshape(-1, 2)[codes])


def _joined(
    names: pd.Series, pairs: pd.DataFrame, cuts: _Ranked, reading: str
) -> tuple[Positions, tuple[Reach, ...]]:
    """Both receptions: the lesser cut; either: the greater; an unknown one stays a bound."""
    by_service = [_least(names, pairs, cuts, service) for service in SERVICES]
    reached = (np.minimum if reading == "both" else np.maximum)(*by_service)
    codes, found = distinct(pd.DataFrame(reached))
    return codes, tuple(cuts.reach(low, high) for low, high in found.itertuples(index=False, name=None))


def _least(names: pd.Series, pairs: pd.DataFrame, cuts: _Ranked, service: str) -> Positions:
    """The places of each unit's least cut of one reception; unknown where it has no measure of it."""
    own = pairs["service"].eq(service).to_numpy(dtype=bool)
    unit = positions(pairs.loc[own, "unit"], names)
    least = pd.DataFrame(cuts.places[own]).groupby(unit).min()
    found = np.tile(np.array(cuts.unknown, dtype=np.intp), (len(names), 1))
    found[least.index] = least
    return found


def _pooled(names: pd.Series, pairs: pd.DataFrame) -> tuple[Positions, tuple[Reach, ...]]:
    """Both receptions as one, weighted by the number of observations of the start."""
    unit, weights = positions(pairs["unit"], names), pairs["before_observations"]
    told = pd.DataFrame(
        {
            **{service: pairs["service"].eq(service).to_numpy() for service in SERVICES},
            "complete": (weights.notna() & pairs[_ENDS].notna().all(axis=1)).to_numpy(),
            "weight": weights.fillna(0).to_numpy(dtype="int64"),
        }
    ).groupby(unit)
    some, all_of = told[list(SERVICES)].any().all(axis=1), told["complete"].all()
    usable = some & all_of & told["weight"].sum().gt(0)
    rows = usable.reindex(unit).to_numpy(dtype=bool)
    ends, _ = whole_numbers(pairs.loc[rows, _ENDS])
    weight = weights[rows].to_numpy(dtype=object)[:, np.newaxis]
    sums = pd.DataFrame(ends * weight).groupby(unit[rows]).sum()
    levels = [_cut(*row) if row[0] else UNKNOWN for row in sums.itertuples(index=False, name=None)]
    codes = np.full(len(names), len(levels), dtype=np.intp)
    codes[sums.index] = np.arange(len(levels))
    return codes, (*levels, UNKNOWN)
