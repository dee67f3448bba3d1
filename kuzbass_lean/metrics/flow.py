"""A value stream before and after: where the time goes, what was saved, what that frees."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kuzbass_lean.display import Shown
from kuzbass_lean.metrics.results import capacity_hours, stream, takt
from kuzbass_lean.schema import PHASES

VALUES = ("va", "nnva", "nva")


@dataclass(frozen=True, slots=True, eq=False)
class ValueStream(Shown):
    """One value stream by phase. Minutes throughout; unknown is None or missing.

    Attributes
    ----------
    measure_id
        Whose stream it is.
    phases
        By phase in order of time: the columns of ``stream`` but the measure.
    steps
        ``phase, step, name, va, nnva, nva``: the minutes of each step, to be stacked; waiting
        is nva.
    wastes
        ``phase, waste, minutes, steps``: wasted minutes (waiting, and the work of nva steps)
        by the kind of waste recorded, the most first; kind missing where none is recorded.
    saved
        Lead time before minus after; positive is better.
    takt
        Minutes available per case demanded.
    above_takt
        Numbers of the latest phase's steps whose work takes longer than the takt.
    capacity_hours
        Hours a year that the saved minutes amount to. Hours are not roubles.
    """

    measure_id: str
    phases: pd.DataFrame
    steps: pd.DataFrame
    wastes: pd.DataFrame
    saved: float | None
    takt: float | None
    above_takt: tuple[int, ...]
    capacity_hours: float | None

    def pce(self, phase: str) -> float | None:
        """Give the value-adding share of the lead time in a phase, 0..1; None if unknown."""
        return _cell(self.phases, phase, "pce")


def value_stream(
    steps: pd.DataFrame,
    *,
    available_minutes: float | None = None,
    demand: float | None = None,
    annual_volume: float | None = None,
) -> ValueStream:
    """Work out the value stream of one measure.

    Parameters
    ----------
    steps
        The registry's steps of one measure, any phases.
    available_minutes, demand
        Working minutes, and cases asked for in them: they give the takt.
    annual_volume
        Cases a year; without it no capacity is computed.

    Returns
    -------
    ValueStream
        A step without its minutes makes the sums of its phase unknown; what was saved is then
        unknown too.

    Raises
    ------
    ValueError
        If the steps are none or of several measures.

    Source: programme methodology, metrics table: PCE, takt, capacity equivalence; wastes as in
    GOST R 56908-2016.

    Examples
    --------
    >>> steps = registry["steps"]
    >>> one = kl.metrics.value_stream(steps[steps["measure_id"].eq(steps["measure_id"].iloc[0])])
    >>> one.saved
    26.6
    """
    names = steps["measure_id"].unique()
    if len(names) != 1:
        msg = f"a value stream is of one measure, the steps are of {len(names)}"
        raise ValueError(msg)
    phases = stream(steps).drop(columns="measure_id").set_index("phase")
    phases = phases.reindex([phase for phase in PHASES if phase in phases.index])
    before, after = (_cell(phases, phase, "lead_minutes") for phase in ("before", "after"))
    saved = None if before is None or after is None else before - after
    pace = takt(available_minutes, demand)
    minutes = _minutes(steps)
    return ValueStream(
        measure_id=str(names[0]),
        phases=phases,
        steps=minutes,
        wastes=_wastes(steps, minutes),
        saved=saved,
        takt=pace,
        above_takt=() if pace is None else _slower(steps, str(phases.index[-1]), pace),
        capacity_hours=capacity_hours(saved, annual_volume),
    )


def _cell(phases: pd.DataFrame, phase: str, column: str) -> float | None:
    known = phases[column].dropna()
    return float(known[phase]) if phase in known.index else None


def _minutes(steps: pd.DataFrame) -> pd.DataFrame:
    work = {value: steps["process_minutes"].where(steps["value"].eq(value), 0.0) for value in VALUES}
    work["nva"] = work["nva"] + steps["wait_minutes"]
    found = steps[["phase", "step", "name"]].assign(**work)
    order = found["phase"].map({phase: number for number, phase in enumerate(PHASES)})
    return found.assign(order=order).sort_values(["order", "step"], ignore_index=True).drop(columns="order")


def _wastes(steps: pd.DataFrame, minutes: pd.DataFrame) -> pd.DataFrame:
    kinds = steps[["phase", "step", "waste"]]
    rows = minutes.merge(kinds, on=["phase", "step"], how="left")
    wasted = rows[rows["nva"].ne(0)]
    grouped = wasted.groupby(["phase", "waste"], dropna=False, sort=False)["nva"]
    sums = pd.DataFrame({"minutes": grouped.sum(min_count=1), "steps": grouped.size()}).reset_index()
    # a step without its minutes leaves its kind of waste unknown
    blank = grouped.apply(lambda part: bool(part.isna().any())).to_numpy(dtype=bool)
    sums["minutes"] = sums["minutes"].mask(blank)
    order = sums["phase"].map({phase: number for number, phase in enumerate(PHASES)})
    sums = sums.assign(order=order).sort_values(["order", "minutes", "waste"], ascending=[True, False, True])
    return sums.drop(columns="order").reset_index(drop=True)


def _slower(steps: pd.DataFrame, phase: str, pace: float) -> tuple[int, ...]:
    rows = steps[steps["phase"].eq(phase) & steps["process_minutes"].gt(pace)]
    return tuple(sorted(int(step) for step in rows["step"]))
