"""How sure an improvement is: a letter from A to E, and why, in words for the reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from kuzbass_lean.display import Shown
from kuzbass_lean.evidence.base import Better, Floats
from kuzbass_lean.evidence.control import FIRM_POINTS, RUN_LENGTH, ControlChart, xmr
from kuzbass_lean.evidence.regression import regression_to_mean
from kuzbass_lean.evidence.samples import FEWEST, Comparison, compare

Letter = Literal["A", "B", "C", "D", "E"]

REASONS: Final = {
    "chart": "контрольная карта показывает улучшение (замеров до — {before}, после — {after})",
    "samples": "замеры до и после различаются больше, чем объясняет случай "
    "(замеров до — {before}, после — {after})",
    "worse": "замеры показывают ухудшение (замеров до — {before}, после — {after})",
    "noise": "замеры есть, но улучшение не отличить от случайного разброса "
    "(замеров до — {before}, после — {after})",
    "counted": "известны два числа и количество замеров (до — {before}, после — {after}), "
    "но по ним нельзя судить о разбросе",
    "few": "замеров слишком мало, чтобы сравнивать (до — {before}, после — {after}, нужно от {fewest})",
    "uncounted": "известны два числа, но не известно, по скольким замерам",
    "factor": "известно только, во сколько раз изменился показатель",
    "planned": "есть только цель, результата ещё нет",
    "no_before": "известно только значение после, сравнить не с чем",
    "no_after": "известно только значение до, результата нет",
    "words": "чисел нет, результат описан только словами",
}


_LATER: Final = ("after", "check")
_NONE: Final[Floats] = np.empty(0)


@dataclass(frozen=True, slots=True)
class Grade(Shown):
    """How sure an improvement is.

    Attributes
    ----------
    letter
        A: a signal on a control chart; B: two samples that differ; C: two numbers and how
        many measurements are behind them; D: two numbers; E: a target or words only.
    reason
        Why, in Russian, without a full stop.
    """

    letter: Letter
    reason: str


@dataclass(frozen=True, slots=True)
class Stated:
    """What is stated of a measure beside its single measurements.

    Attributes
    ----------
    before, after, target
        Whether a number is stated for that phase.
    factor
        Whether it is stated how many times the measure changed.
    counts
        From how many measurements the numbers before and after come; 0 = not stated.
    """

    before: bool = False
    after: bool = False
    target: bool = False
    factor: bool = False
    counts: tuple[int, int] = (0, 0)


def grade(
    chart: ControlChart | None = None, comparison: Comparison | None = None, stated: Stated | None = None
) -> Grade:
    """Grade the evidence for one before and after.

    Parameters
    ----------
    chart
        Of the values before and after with limits frozen on those before:
        ``xmr([*before, *after], baseline=len(before))``. Counts from 13 points before and 7
        after, when among those after (rules begun afresh) one signals improvement and none
        concern; a rebased chart does not.
    comparison
        Of the same values; counts when its interval leaves zero in the better direction.
    stated
        What else is known. A chart or a comparison stands for two numbers with their counts.

    Returns
    -------
    Grade
        No signal, or one in the wrong direction, never gives A or B.

    Source: programme methodology, evidence grade.

    Examples
    --------
    >>> stated = kl.evidence.Stated(before=True, after=True)
    >>> kl.evidence.grade(stated=stated).letter
    'D'
    """
    stated = stated or Stated()
    verdict = comparison.verdict if comparison else None
    if chart is not None and verdict != "concern" and _signals(chart):
        before = chart.based_on[0]
        return _grade("A", "chart", before, len(chart.points) - before)
    if comparison is not None:
        reason = {"improvement": "samples", "concern": "worse", "common": "noise"}[comparison.verdict]
        letter: Letter = "B" if reason == "samples" else "C"
        return _grade(letter, reason, comparison.n_before, comparison.n_after)
    if chart is not None and len(chart.points) > chart.based_on[0]:
        return _grade("C", "noise", chart.based_on[0], len(chart.points) - chart.based_on[0])
    return _stated(stated)


def grades(
    measures: pd.DataFrame, values: pd.DataFrame | None, observations: pd.DataFrame | None, *, seed: int = 0
) -> pd.DataFrame:
    """Grade the evidence for every measure of a registry.

    Parameters
    ----------
    measures, values, observations
        Tables of the registry; ``None`` where a table is missing. Measurements after the
        change are those of the phases ``after`` and ``check``, in order of time. Where a
        target is best, distances to it are judged, and without one only the stated numbers.
    seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        ``measure_id, letter, reason, usual`` (where the stated "before" is the worst of its own
        time: the usual value then, in the unit of the measure; missing elsewhere), one row per
        measure, with the index of ``measures``. The letter does not depend on ``usual``: part of
        such an improvement may be mere return to it.

    Examples
    --------
    >>> graded = kl.evidence.grades(registry["measures"], registry["values"], registry["observations"])
    >>> sorted(graded["letter"].unique())
    ['A', 'B', 'C', 'D', 'E']
    """
    stated = _stated_by_measure(values)
    samples = _samples_by_measure(observations)
    aims, starts = _aims(values), _starts(values)
    rows = []
    for key, better in zip(measures["measure_id"], measures["better"], strict=True):
        before, after = samples.get(key, (_NONE, _NONE))
        found = _with_samples(stated.get(key, Stated()), before.size, after.size)
        result = _judged(before, after, better, aims.get(key), found, seed)
        usual = _usual(starts.get(key), before, better)
        rows.append((key, result.letter, result.reason, usual))
    types = {"measure_id": "str", "letter": "str", "reason": "str", "usual": "float64"}
    return pd.DataFrame(rows, columns=list(types), index=measures.index).astype(types)


def _grade(letter: Letter, reason: str, before: int = 0, after: int = 0) -> Grade:
    return Grade(letter, REASONS[reason].format(before=before, after=after, fewest=FEWEST))


def _signals(chart: ControlChart) -> bool:
    """Whether the points after the baseline show improvement, and nothing but improvement."""
    after = chart.later["verdict"]
    enough = not chart.trial and len(after) >= RUN_LENGTH
    return enough and set(after) - {"common"} == {"improvement"}


def _stated(stated: Stated) -> Grade:
    if stated.before and stated.after:
        fewest = min(stated.counts)
        if not fewest:
            return _grade("D", "uncounted")
        return _grade("C", "few" if fewest < FEWEST else "counted", *stated.counts)
    if stated.factor:
        return _grade("D", "factor")
    if stated.after:
        return _grade("E", "no_before")
    if stated.target:
        return _grade("E", "planned")
    return _grade("E", "no_after" if stated.before else "words")


def _judged(
    before: Floats, after: Floats, better: Better, aim: tuple[float, float] | None, stated: Stated, seed: int
) -> Grade:
    """Try the strongest method first: most measures need no bootstrap."""
    if better == "target":
        if aim is None:
            return _stated(stated)
        before, after, better = _distance(before, aim), _distance(after, aim), "lower"
    chart = None
    if before.size >= FIRM_POINTS and after.size >= RUN_LENGTH:
        chart = xmr([*before, *after], better=better, baseline=before.size)
        if _signals(chart):
            return grade(chart, stated=stated)
    few = min(before.size, after.size) < FEWEST
    return grade(chart, None if few else compare(before, after, seed=seed, better=better), stated)


def _usual(start: tuple[float, float] | None, before: Floats, better: Better) -> float | None:
    """Give the usual value before, where the stated one was the worst of its time."""
    if start is None or better == "target":
        return None
    found = regression_to_mean(start[1 if better == "lower" else 0], before, better=better)
    return found.usual if found is not None and found.flagged else None


def _distance(values: Floats, aim: tuple[float, float]) -> Floats:
    low, high = aim
    return np.maximum(0.0, np.maximum(low - values, values - high))


def _with_samples(stated: Stated, before: int, after: int) -> Stated:
    """Single measurements are numbers too, and count themselves."""
    return Stated(
        before=stated.before or before > 0,
        after=stated.after or after > 0,
        target=stated.target,
        factor=stated.factor,
        counts=(stated.counts[0] or before, stated.counts[1] or after),
    )


def _stated_by_measure(values: pd.DataFrame | None) -> dict[str, Stated]:
    if values is None:
        return {}
    number = values["low"].notna() | values["high"].notna()
    later = values["phase"].isin(_LATER)
    before, after = number & values["phase"].eq("before"), number & later
    count = values["observations"].fillna(0).astype("int64")
    facts = {
        "before": before,
        "after": after,
        "target": values["phase"].eq("target"),
        "factor": later & values["factor"].notna(),
        "counted_before": count.where(before, 0),
        "counted_after": count.where(after, 0),
    }
    found = pd.DataFrame(facts).groupby(values["measure_id"]).max()
    return {
        str(key): Stated(bool(before), bool(after), bool(target), bool(factor), (int(old), int(new)))
        for key, before, after, target, factor, old, new in found.itertuples(name=None)
    }


def _samples_by_measure(observations: pd.DataFrame | None) -> dict[str, tuple[Floats, Floats]]:
    """Give each measure's values before and after, in order of time."""
    if observations is None:
        return {}
    wanted = observations["value"].notna() & observations["phase"].isin(["before", *_LATER])
    ordered = observations[wanted].sort_values("observed_on", kind="stable")
    value = ordered["value"].to_numpy(dtype="float64")
    earlier = ordered["phase"].eq("before").to_numpy()
    places = ordered.groupby("measure_id").indices
    return {str(key): (value[at][earlier[at]], value[at][~earlier[at]]) for key, at in places.items()}


def _aims(values: pd.DataFrame | None) -> dict[str, tuple[float, float]]:
    """Give each measure's target as an interval, open ends infinite."""
    if values is None:
        return {}
    targets = values[values["phase"].eq("target") & (values["low"].notna() | values["high"].notna())]
    lows, highs = targets["low"].fillna(-np.inf), targets["high"].fillna(np.inf)
    return dict(zip(targets["measure_id"], zip(lows, highs, strict=True), strict=True))


def _starts(values: pd.DataFrame | None) -> dict[str, tuple[float, float]]:
    """Give the ends of each measure's stated "before", where both are stated."""
    if values is None:
        return {}
    known = values[values["phase"].eq("before") & values["low"].notna() & values["high"].notna()]
    return dict(zip(known["measure_id"], zip(known["low"], known["high"], strict=True), strict=True))
