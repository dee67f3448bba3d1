"""A caution: a baseline picked at its worst moment would have improved by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kuzbass_lean.display import Shown
from kuzbass_lean.evidence.base import direction, series
from kuzbass_lean.evidence.samples import FEWEST


@dataclass(frozen=True, slots=True)
class Regression(Shown):
    """How a stated "before" compares with the measurements of that time.

    Attributes
    ----------
    flagged
        The stated number is as bad as the worst measurement, or worse, and not the usual one.
    usual
        The median of the measurements.
    excess
        By how much the stated number is worse than usual, in the unit of the measure: that
        part of an improvement may be mere return to the usual. Not negative.
    """

    flagged: bool
    usual: float
    excess: float


def regression_to_mean(
    stated: float, history: Iterable[float], *, better: Literal["lower", "higher"] = "lower"
) -> Regression | None:
    """Tell whether a baseline was taken at the worst of its own time.

    Parameters
    ----------
    stated
        The "before" that an improvement is counted from.
    history
        The measurements before the change, in the same unit.
    better
        The direction of improvement.

    Returns
    -------
    Regression or None
        ``None`` under five measurements: what was usual is not known.

    Raises
    ------
    ValueError
        If a measurement is missing or ``better`` is neither ``lower`` nor ``higher``.

    Source: Linden 2013, J. Evaluation in Clinical Practice 19:119-125.

    Examples
    --------
    >>> found = kl.evidence.regression_to_mean(60, [50, 48, 52, 47, 51, 49, 53, 50])
    >>> found.flagged, found.excess
    (True, 10.0)
    """
    direction(better, ("lower", "higher"))
    values = series(history, "history")
    if values.size < FEWEST:
        return None
    # turned so that more is worse
    turn = 1 if better == "lower" else -1
    usual = float(np.median(values))
    excess = max(turn * (stated - usual), 0.0)
    worst = float((turn * values).max())
    return Regression(flagged=turn * stated >= worst and excess > 0, usual=usual, excess=excess)
