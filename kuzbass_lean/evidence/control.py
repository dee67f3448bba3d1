"""The XmR control chart: which points of a series are more than noise, and which way they go.

Rules of the NHS programme "Making data count", as NHSRplotthedots 0.2.2 states them; the
departures are listed in ``docs/method-evidence.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from kuzbass_lean.display import Shown
from kuzbass_lean.evidence.base import Better, Floats, Integers, Verdict, direction, runs, series

LIMIT_FACTOR = 2.66
"""Limits are the mean plus and minus this many average moving ranges: 3 / 1.128."""
SCREEN_FACTOR = 3.267
"""A moving range of this many average ones is an event of its own, not noise."""
RUN_LENGTH = 7
"""Points that make a shift or a trend."""
FIRM_POINTS = 13
"""Limits that rest on fewer points are trial limits."""

_NOISE = 1e-12
"""Differences this small, relative to the series, are rounding."""

Assurance = Literal["consistent_pass", "consistent_fail", "inconsistent"]


class Phase(NamedTuple):
    """The limits of one stretch of the chart, from 0-based point ``start`` on."""

    start: int
    mean: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, eq=False)
class ControlChart(Shown):
    """A control chart, worked out.

    Attributes
    ----------
    points
        One row per value, in order: ``value``; ``phase``, counted from 0; ``signal`` (none,
        above_limit, below_limit, trend, shift, two_of_three); ``verdict`` (common,
        improvement, concern).
    phases
        The limits of each phase, in the unit of the values; NaN in a phase of one point.
    based_on
        From how many points each phase's limits come.
    better, target, screen
        The options the chart was made with, to be printed beside it.
    """

    points: pd.DataFrame
    phases: tuple[Phase, ...]
    based_on: tuple[int, ...]
    better: Better
    target: float | None
    screen: bool

    @property
    def mean(self) -> float:
        """The mean of the last phase."""
        return self.phases[-1].mean

    @property
    def lower(self) -> float:
        """The lower limit of the last phase; may be negative, see ``shown``."""
        return self.phases[-1].lower

    @property
    def upper(self) -> float:
        """The upper limit of the last phase."""
        return self.phases[-1].upper

    @property
    def trial(self) -> bool:
        """Whether the last phase's limits rest on too few points to be firm."""
        return self.based_on[-1] < FIRM_POINTS

    @property
    def later(self) -> pd.DataFrame:
        """The rows after the points that the last limits come from, the rules begun afresh there.

        So judged, a signal after a change owes nothing to the points before it. Empty unless
        the chart has a baseline.
        """
        phase = self.phases[-1]
        part = self.points["value"].to_numpy(dtype=np.float64)[phase.start + self.based_on[-1] :]
        judged = _judge(part, phase, self.better, self.target)
        return _points(part, np.full(part.size, len(self.phases) - 1), judged)

    @property
    def variation(self) -> Verdict:
        """The verdict of the latest point."""
        latest: Verdict = self.points["verdict"].iloc[-1]
        return latest

    @property
    def assurance(self) -> Assurance | None:
        """Whether the process as it is now meets the target: the last phase's limits decide.

        A target exactly on a limit is met at times and missed at times. Where the target
        itself is best, a process that cannot reach it fails and any other is inconsistent.
        ``None`` without a target or without limits.
        """
        if self.target is None or math.isnan(self.lower):
            return None
        slack = _NOISE * max(abs(self.target), abs(self.lower), abs(self.upper))
        if self.lower - slack <= self.target <= self.upper + slack:
            return "inconsistent"
        beyond = "higher" if self.target < self.lower else "lower"
        return "consistent_pass" if beyond == self.better else "consistent_fail"

    def shown(self, floor: float | None = 0.0) -> tuple[Phase, ...]:
        """Return the phases as a page shows them: no lower limit under the floor.

        Times and counts are never negative, though three sigmas below their mean may be.
        A series that goes below the floor has none. Signals and assurance keep the computed
        limits.
        """
        if floor is None or self.points["value"].lt(floor).any():
            return self.phases
        # the order matters: max(floor, nan) would invent a limit where there is none
        return tuple(phase._replace(lower=max(phase.lower, floor)) for phase in self.phases)


def xmr(
    values: Iterable[float],
    *,
    better: Better = "lower",
    target: float | None = None,
    baseline: int | None = None,
    rebase: Sequence[int] = (),
    screen: bool = True,
) -> ControlChart:
    """Work out a control chart of single values (X and moving range).

    Parameters
    ----------
    values
        The measured values in order of time, in any one unit.
    better
        The direction of improvement. With ``"target"`` a signal that leads nearer to the
        target improves; without a target the mean is the aim, and every signal a concern.
    target
        In the unit of the values; ``None`` or NaN where there is none.
    baseline
        Take the first phase's limits from this many first points (all, if it has fewer) and
        judge all its points by them: freezes the state before a change.
    rebase
        0-based positions where a later phase with limits of its own starts. Moving ranges
        and rules start afresh there.
    screen
        Leave moving ranges of 3.267 averages or more out of the average, once.

    Returns
    -------
    ControlChart
        Limits and a verdict for every point; of several signals of a point the first in the
        order limits, trend, two_of_three, shift.

    Raises
    ------
    ValueError
        If there are no values or a value is missing, for an unknown ``better``, a
        ``baseline`` under two, or ``rebase`` positions outside the series or out of order.

    Source: NHS England, Making data count; NHSRplotthedots 0.2.2; Wheeler, Understanding
    Variation (2.66); Nelson 1982, J. Quality Technology 14(3):172 (screening).

    Examples
    --------
    >>> chart = kl.evidence.xmr([31, 30, 32, 29, 31, 30, 32, 24, 23, 25, 24, 23, 24, 25], baseline=7)
    >>> chart.variation
    'improvement'
    """
    data = series(values, "values")
    direction(better)
    target = None if target is None or math.isnan(target) else float(target)
    edges = _edges(len(data), rebase)
    if baseline is not None and baseline < 2:
        msg = f"baseline is {baseline}: limits need two points or more"
        raise ValueError(msg)
    bases = [
        data[start : stop if start or baseline is None else min(stop, baseline)] for start, stop in edges
    ]
    phases = tuple(_limits(start, base, screen) for (start, _), base in zip(edges, bases, strict=True))
    judged = [
        point
        for (start, stop), phase in zip(edges, phases, strict=True)
        for point in _judge(data[start:stop], phase, better, target)
    ]
    numbers = np.repeat(np.arange(len(edges)), [stop - start for start, stop in edges])
    points = _points(data, numbers, judged)
    return ControlChart(points, phases, tuple(map(len, bases)), better, target, screen)


def _edges(count: int, rebase: Sequence[int]) -> list[tuple[int, int]]:
    edges = [0, *rebase, count]
    if count == 0:
        msg = "a chart needs at least one value"
        raise ValueError(msg)
    if any(start >= stop for start, stop in pairwise(edges)):
        msg = f"rebase {list(rebase)}: positions must rise and lie between 1 and {count - 1}"
        raise ValueError(msg)
    return list(pairwise(edges))


def _limits(start: int, base: Floats, screen: bool) -> Phase:
    mean = math.fsum(base) / len(base)
    ranges = np.abs(np.diff(base))
    if not ranges.size:
        return Phase(start, mean, math.nan, math.nan)
    average = float(ranges.mean())
    if screen:
        # never empty: the smallest range is at most the average
        screened = float(ranges[ranges < SCREEN_FACTOR * average].mean()) if average else 0.0
        # where only the outlying ranges are not zero, limits of no width would flag every point
        average = screened or average
    reach = LIMIT_FACTOR * average
    return Phase(start, mean, mean - reach, mean + reach)


def _points(values: Floats, phase: Integers, judged: list[tuple[str, Verdict]]) -> pd.DataFrame:
    signal, verdict = (pd.array([pair[at] for pair in judged], dtype="str") for at in (0, 1))
    return pd.DataFrame({"value": values, "phase": phase, "signal": signal, "verdict": verdict})


def _judge(part: Floats, phase: Phase, better: Better, target: float | None) -> list[tuple[str, Verdict]]:
    """Give signal and verdict of one phase's points: the rules see nothing of its neighbours."""
    slack = _NOISE * float(np.abs(part).max(initial=0.0))
    deviation = part - phase.mean
    side = np.where(np.abs(deviation) <= slack, 0, np.sign(deviation)).astype(np.int64)
    reach = phase.upper - phase.mean
    outside = np.abs(deviation) > reach + slack
    near = ~outside & (np.abs(deviation) > reach * 2 / 3 + slack)
    slope = _trend(part)
    signal = np.select(
        [outside & (side > 0), outside, slope != 0, _two_of_three(near, side), _shift(side)],
        ["above_limit", "below_limit", "trend", "two_of_three", "shift"],
        "none",
    )
    heading = np.where(signal == "trend", slope, side)
    points = zip(part.tolist(), signal.tolist(), heading.tolist(), strict=True)
    return [(name, _verdict(value, name, way, phase.mean, better, target)) for value, name, way in points]


def _trend(part: Floats) -> Integers:
    """Mark the points of a monotone run: +1 rising, -1 falling; at a turn the later run counts."""
    slope = np.zeros(part.size, dtype=np.int64)
    for run in runs(np.sign(np.diff(part)).astype(np.int64)):
        if run.sign and run.length >= RUN_LENGTH - 1:
            slope[run.start : run.stop + 1] = run.sign
    return slope


def _two_of_three(near: np.ndarray, side: Integers) -> np.ndarray:
    marked = np.zeros(near.size, dtype=bool)
    for first in range(near.size - 2):
        three = slice(first, first + 3)
        if near[three].sum() >= 2 and abs(side[three].sum()) == 3:
            marked[three] |= near[three]
    return marked


def _shift(side: Integers) -> np.ndarray:
    marked = np.zeros(side.size, dtype=bool)
    for run in runs(side):
        if run.sign and run.length >= RUN_LENGTH:
            marked[run.start : run.stop] = True
    return marked


def _verdict(
    value: float, signal: str, heading: int, mean: float, better: Better, target: float | None
) -> Verdict:
    if signal == "none":
        return "common"
    if better != "target":
        return "improvement" if heading == (1 if better == "higher" else -1) else "concern"
    aim = mean if target is None else target
    if signal == "trend":
        nearer = target is not None and heading * (aim - value) >= 0
    else:
        nearer = abs(value - aim) < abs(mean - aim)
    return "improvement" if nearer else "concern"
