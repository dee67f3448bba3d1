"""Hypothetical rows: each method adds to a registry what a unit would have done by the date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import pandas as pd

from kuzbass_lean.errors import UsageError
from kuzbass_lean.maturity import cuts
from kuzbass_lean.maturity import units as reached
from kuzbass_lean.maturity.lacking import Survey
from kuzbass_lean.maturity.units import HYPOTHETICAL
from kuzbass_lean.registry import Registry

_SERVICES = ("first", "repeat")
_START = 100
"""Time before, where none is recorded: only the cut counts."""


class Draft:
    """A registry in the making; ``registry`` is what has become of it so far."""

    def __init__(self, survey: Survey, registry: Registry) -> None:
        self.survey, self.registry = survey, registry
        self.direction, self.moment = survey.direction, pd.Timestamp(survey.as_of)

    def _add(self, table: str, rows: list[dict[str, object]]) -> None:
        if not rows:
            return
        added = Registry.from_frames({table: pd.DataFrame([{"source": HYPOTHETICAL, **r} for r in rows])})
        old, new = self.registry.table(table), added.frame(table)
        self._set(table, new if old is None else pd.concat([old, new], ignore_index=True))

    def _set(self, table: str, frame: pd.DataFrame) -> None:
        self.registry = reached.with_table(self.registry, table, frame.rename_axis("row"))

    def _id(self, table: str) -> str:
        return f"{HYPOTHETICAL}-{self.direction.number}-{len(self.registry.frame(table))}"

    def new_unit(self, municipality: str | None, kind: str = "") -> str:
        """Add a unit that the registry does not list, and return its id."""
        unit = self._id("organizations")
        about = {"kind": kind or self.direction.unit[0], "sector": self.direction.sector}
        place = municipality or self.survey.municipality
        self._add(
            "organizations", [{"organization_id": unit, "name": unit, "municipality_id": place, **about}]
        )
        return unit

    def add_projects(self, unit: str, count: int) -> None:
        """Add realised projects; in direction 2 they are municipal ones of a body of its own."""
        of_place = self.direction.unit == ("municipality",)
        lead = self.new_unit(unit, "municipal_body") if of_place else unit
        about = {
            "organization_id": lead,
            "sector": self.direction.sector,
            "direction": "other" if of_place else None,
            "status": "implemented",
            "implemented": self.moment,
            "centralised": False,
        }
        ids = [f"{self._id('projects')}-{number}" for number in range(count)]
        self._add("projects", [{"project_id": name, "title": name, **about} for name in ids])

    def meet(self, unit: str, criteria: Iterable[int]) -> None:
        """Answer the criteria with «met», in the version the unit was assessed by."""
        version = self.survey.answers(unit).version
        listed = self.survey.criteria_numbers(version)
        wanted = tuple(criteria)
        unknown = [number for number in wanted if listed and number not in listed]
        if unknown:
            raise UsageError(
                f"{self.direction.criteria} has no criterion {unknown[0]}: it has {listed[0]} to {listed[-1]}"
            )
        about = {
            "model": self.direction.criteria,
            "version": version,
            "assessed_on": self.moment,
            "result": "met",
        }
        self._add("assessments", [{"organization_id": unit, "number": number, **about} for number in wanted])

    def switch(self, unit: str) -> None:
        """Let the organisation have switched to lean methods by the date."""
        frame = self.registry.organizations
        waiting = frame["organization_id"].eq(unit) & ~frame["lean_since"].le(self.moment)
        told = waiting & frame["lean_since"].notna()
        basis = frame["lean_basis"].mask(waiting & ~told, HYPOTHETICAL)
        self._set(
            "organizations",
            frame.assign(lean_since=frame["lean_since"].mask(waiting, self.moment), lean_basis=basis),
        )

    def improve(self, unit: str, percent: int) -> None:
        """Let improved flows give at least this percent of the unit's revenue in its latest year.

        Revenue that no flow covers is improved first, then the largest flows.
        """
        revenue = self.registry.frame("revenue")
        own = revenue[revenue["organization_id"].eq(unit) & revenue["year"].le(self.moment.year)]
        year = int(own["year"].max()) if len(own) else self.moment.year
        own = own[own["year"].eq(year)]
        shares = own["share"].map(lambda share: Fraction(str(share)))
        lack = Fraction(percent, 100) - sum(shares[own["improved"]], Fraction(0))
        if lack <= 0:
            return
        taken = lack - max(1 - sum(shares, Fraction(0)), Fraction(0))
        reduced = {}
        for place in own[~own["improved"]].sort_values(["share", "flow"], ascending=[False, True]).index:
            part = min(max(taken, Fraction(0)), shares[place])
            taken, reduced[place] = taken - part, float(shares[place] - part)
        left = revenue["share"].where(~revenue.index.isin(list(reduced)), revenue.index.map(reduced.get))
        self._set("revenue", revenue.assign(share=left.astype("float64")))
        row = {"organization_id": unit, "year": year, "share": float(lack), "improved": True}
        self._add("revenue", [{**row, "flow": self._id("revenue")}])

    def cut(self, unit: str, percent: int) -> None:
        """Let the unit have cut the time of first and repeat reception by at least this percent."""
        measures = cuts.receptions(self.registry, [unit])
        for service in [name for name in _SERVICES if name not in set(measures["service"])]:
            self._add_measure(unit, service)
        measures = cuts.receptions(self.registry, [unit])
        pairs = cuts.before_after(measures, self.registry.frame("values"))
        keep, rows = 1 - Fraction(percent, 100), []
        for pair in pairs.to_dict("records"):
            rows += _cut_rows({str(name): value for name, value in pair.items()}, keep)
        values = self.registry.frame("values")
        gone = values["measure_id"].isin(measures["measure_id"]) & values["phase"].isin(["before", "after"])
        self._set("values", values[~gone])
        self._add("values", rows)

    def _add_measure(self, unit: str, service: str) -> None:
        name = self._id("measures")
        about = {
            "name": name,
            "unit": "minute",
            "family": "lead_time",
            "better": "lower",
            "statistic": "unknown",
        }
        row = {"measure_id": name, "project_id": name, "organization_id": unit, "service": service}
        self._add("measures", [{**about, **row}])


def _cut_rows(pair: Mapping[str, Any], keep: Fraction) -> list[dict[str, object]]:
    """The values before and after of one measure, the time after at most ``keep`` of that before."""
    before = _ends(pair, "before")
    after = _ends(pair, "after")
    if before is None or before[0] <= 0:
        before, after = (Fraction(_START),) * 2, None
    most = before[0] * keep
    # how much below the time after may be is unknown where it is not recorded
    low, high = (Fraction(0), most) if after is None else (min(after[0], most), min(after[1], most))
    return [
        _value(pair, "before", before, pair["before_observations"]),
        _value(pair, "after", (low, high), pair["after_observations"]),
    ]


def _ends(pair: Mapping[str, Any], phase: str) -> tuple[Fraction, Fraction] | None:
    low, high = pair[f"{phase}_low"], pair[f"{phase}_high"]
    return None if pd.isna(low) or pd.isna(high) else (Fraction(str(low)), Fraction(str(high)))


def _value(
    pair: Mapping[str, Any], phase: str, ends: tuple[Fraction, Fraction], count: Any
) -> dict[str, object]:
    exact = ends[0] == ends[1]
    return {
        "measure_id": pair["measure_id"],
        "phase": phase,
        "low": float(ends[0]),
        "high": float(ends[1]),
        "qualifier": "exact" if exact else "range",
        "observations": 1 if pd.isna(count) else count,
    }
