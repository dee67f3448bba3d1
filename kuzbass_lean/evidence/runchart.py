"""The run chart: the fallback where a control chart's limits would rest on too little."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from kuzbass_lean.display import Shown
from kuzbass_lean.evidence.base import runs, series


@dataclass(frozen=True, slots=True)
class RunChart(Shown):
    """A run chart, worked out.

    Attributes
    ----------
    centre
        The line the points are counted against, in the unit of the values.
    useful
        How many points are off that line; the others neither count nor break a run.
    longest_run, longest_run_limit
        The longest stretch on one side, and the longest that chance explains.
    crossings, crossings_limit
        How often the line is crossed, and the fewest crossings that chance explains.
    """

    centre: float
    useful: int
    longest_run: int
    longest_run_limit: int
    crossings: int
    crossings_limit: int

    @property
    def signal(self) -> bool:
        """Whether the series moves more than chance explains: a run too long, crossings too few."""
        return self.longest_run > self.longest_run_limit or self.crossings < self.crossings_limit


def run_chart(values: Iterable[float], centre: float | None = None) -> RunChart:
    """Judge a series by its runs about the median, by the rules of Anhøj.

    Parameters
    ----------
    values
        In order of time, in any one unit.
    centre
        The line to count against, e.g. the median of an earlier period; the median of the
        values where left out.

    Returns
    -------
    RunChart
        Without a useful point nothing is signalled. Under about ten the rules see little.

    Raises
    ------
    ValueError
        If there are no values or a value is missing.

    Source: Anhøj, Olesen 2014, PLoS ONE 9(11):e113825, which finds the trend rule useless:
    there is none here.

    Examples
    --------
    >>> found = kl.evidence.run_chart([5, 6, 5, 6, 5, 6, 9, 9, 9, 9, 9, 9])
    >>> found.longest_run, found.signal
    (6, True)
    """
    data = series(values, "values")
    if not data.size:
        msg = "a chart needs at least one value"
        raise ValueError(msg)
    line = float(np.median(data)) if centre is None else float(centre)
    sides = np.sign(data - line).astype(np.int64)
    found = runs(sides[sides != 0])
    useful = int(np.count_nonzero(sides))
    return RunChart(
        centre=line,
        useful=useful,
        longest_run=max((run.length for run in found), default=0),
        longest_run_limit=round(math.log2(max(useful, 1))) + 3,
        crossings=max(len(found) - 1, 0),
        crossings_limit=_fewest_crossings(max(useful - 1, 0)),
    )


def _fewest_crossings(chances: int) -> int:
    """Give the 5 % quantile of b(chances, 1/2), in whole numbers: exact at any length."""
    needed, reached = 2**chances, 0
    for crossings in range(chances + 1):
        reached += 20 * math.comb(chances, crossings)
        if reached >= needed:
            return crossings
    raise AssertionError  # the probabilities sum to one
