"""When the next level comes: the present pace set against the steps that are missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from kuzbass_lean import metrics
from kuzbass_lean.display import Shown
from kuzbass_lean.evidence.pace import WINDOW_DAYS, Forecast, forecast
from kuzbass_lean.maturity import NextStep
from kuzbass_lean.registry import Registry


@dataclass(frozen=True, slots=True)
class Outlook(Shown):
    """The forecast of one direction's next level.

    Attributes
    ----------
    number, target
        Of the next step.
    units, projects
        Forecasts of the missing units and of the missing projects; None where none is
        missing or none can be made.
    day, earliest, latest
        The later of the two; None where one that is needed cannot be forecast.
    reason
        Why there is no day: reached, unreachable, unknown, no_dates (what is missing leaves no
        dates, like criteria met), too_few_events; empty where there is one.
    """

    number: int
    target: str | None
    units: Forecast | None = None
    projects: Forecast | None = None
    day: date | None = None
    earliest: date | None = None
    latest: date | None = None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the forecast as JSON: dates in ISO, the paces it rests on, what it assumes."""
        days = {name: getattr(self, name) for name in ("day", "earliest", "latest")}
        pace = {name: found.pace for name in ("units", "projects") if (found := getattr(self, name))}
        told = {name: day.isoformat() if day else None for name, day in days.items()}
        assumed = (code for part in (self.units, self.projects) if part for code in part.assumptions)
        return {
            **told,
            "pace_per_month": pace,
            "assumptions": list(dict.fromkeys(assumed)),
            "reason": self.reason,
        }


def outlook(
    registry: Registry, steps: Iterable[NextStep], as_of: date, *, window: int = WINDOW_DAYS
) -> tuple[Outlook, ...]:
    """Forecast when the next level of each direction is reached at the present pace.

    Only projects and switches to lean leave dates. The units' pace is that of their first
    realised projects; where each unit needs several projects nothing is forecast.

    Parameters
    ----------
    registry
        What the steps were worked out on.
    steps
        Of ``maturity.next_steps``.
    as_of, window
        As in ``forecast``.

    Examples
    --------
    >>> steps = kl.maturity.next_steps(registry, profile, directions=[1])
    >>> [entry.target for entry in kl.evidence.outlook(registry, steps, day)]
    ['reserve']
    """
    return tuple(_outlook(registry, step, as_of, window) for step in steps)


def _outlook(registry: Registry, step: NextStep, as_of: date, window: int) -> Outlook:
    if step.target is None:
        return Outlook(step.number, None, reason="reached")
    if step.units is None or step.projects is None:
        return Outlook(
            step.number, step.target, reason="unreachable" if step.reachable is False else "unknown"
        )
    switching = all(lack.switch for lack in step.nearest)
    begun = step.projects > 0 and all(lack.projects <= 1 and not lack.points for lack in step.nearest)
    if not (begun or (switching and step.nearest)):
        return Outlook(step.number, step.target, reason="no_dates")
    units, projects = None, None
    if step.units:
        days = (
            metrics.switch_days(registry.organizations, step.unit)
            if switching
            else metrics.first_realised(registry, step.unit)
        )
        units = _further(days, step.units, as_of, window)
    if step.projects:
        projects = _further(metrics.realised_days(registry, step.unit), step.projects, as_of, window)
    made = [found for found in (units, projects) if found is not None]
    if len(made) < (step.units > 0) + (step.projects > 0):
        return Outlook(step.number, step.target, units, projects, reason="too_few_events")
    return Outlook(
        step.number,
        step.target,
        units,
        projects,
        day=_later([found.day for found in made]),
        earliest=_later([found.earliest for found in made]),
        latest=_later([found.latest for found in made]),
    )


def _further(days: pd.Series, count: int, as_of: date, window: int) -> Forecast | None:
    """Forecast so many events beyond those that have happened."""
    past = days[~days.gt(pd.Timestamp(as_of))]
    return forecast(past, len(past) + count, as_of, window=window)


def _later(days: list[date | None]) -> date | None:
    known = [day for day in days if day is not None]
    return max(known) if len(known) == len(days) else None
