"""What scoring gives: a rule, a direction and a profile, as frozen values and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from kuzbass_lean.display import Shown, table

Verdict = Literal["met", "not_met", "unknown"]


@dataclass(frozen=True, slots=True)
class Rule(Shown):
    """One level of one direction: thresholds, what there is, and what is missing.

    ``qualifying_units`` qualify for sure and ``qualifying_best`` at best. ``actual_y`` is in
    the unit of Y: all projects of a total; for «each» rules what the weakest of the needed
    units has reached for sure; for ЖКХ and transport the percent of municipalities.
    ``shortfall_units`` and ``shortfall_projects`` are 0 when met and None when not computable.
    """

    level: str
    x: int
    y: int
    threshold_units: int | None
    qualifying_units: int
    qualifying_best: int
    actual_y: Fraction | None
    actual_y_best: Fraction | None
    verdict: Verdict
    shortfall_units: int | None
    shortfall_projects: int | None
    missing: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as JSON: fractions as numbers, the shortfall as one object."""
        names = ("level", "x", "y", "threshold_units", "qualifying_units", "qualifying_best")
        return {
            **{name: getattr(self, name) for name in names},
            "actual_y": _number(self.actual_y),
            "actual_y_best": _number(self.actual_y_best),
            "verdict": self.verdict,
            "shortfall": {"units": self.shortfall_units, "projects": self.shortfall_projects},
            "missing": list(self.missing),
        }


@dataclass(frozen=True, slots=True)
class DirectionScore(Shown):
    """The level of one direction under one reading, with its worst and best case.

    ``level`` is the level common to both cases, or ``unknown``. ``units`` is N, None where
    nobody states it. ``sensitivity`` gives the level under every reading.
    """

    number: int
    sector: str
    title: str
    unit: tuple[str, ...]
    reading: str
    reading_text: str
    level: str
    best_case: str
    worst_case: str
    units: int | None
    rules: tuple[Rule, ...]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sensitivity: Mapping[str, str] | None = None

    @property
    def next_rule(self) -> Rule | None:
        """The lowest level that is not met for sure; None above the highest."""
        return next((rule for rule in self.rules if rule.verdict != "met"), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the score as JSON."""
        names = ("number", "sector", "title", "reading", "reading_text", "level", "best_case", "worst_case")
        return {
            **{name: getattr(self, name) for name in names},
            "units": self.units,
            "unit": list(self.unit),
            "rules": [rule.to_dict() for rule in self.rules],
            "missing": list(self.missing),
            "notes": list(self.notes),
            "sensitivity": dict(self.sensitivity or {}),
        }


@dataclass(frozen=True, slots=True)
class Profile:
    """The region's directions on a date. No overall level: the source gives none."""

    as_of: date
    directions: tuple[DirectionScore, ...]

    def direction(self, number: int) -> DirectionScore:
        """Return the score of one direction.

        Raises
        ------
        KeyError
            The model has no such direction.
        """
        return {score.number: score for score in self.directions}[number]

    def _repr_html_(self) -> str:
        head = ("", "direction", "level", "at worst", "at best", "units", "reading")
        rows = [
            (d.number, d.title, d.level, d.worst_case, d.best_case, d.units, d.reading)
            for d in self.directions
        ]
        return table(f"Profile {self.as_of}", head, rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as JSON."""
        return {"as_of": self.as_of.isoformat(), "directions": [d.to_dict() for d in self.directions]}


def _number(value: Fraction | None) -> float | int | None:
    if value is None:
        return None
    return int(value) if value.denominator == 1 else round(float(value), 6)
