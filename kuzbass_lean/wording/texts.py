"""Intervals, measured values, changes and ratios in words."""

from __future__ import annotations

from decimal import Decimal

from kuzbass_lean.metrics import Bounds, Change, Ratio, Value
from kuzbass_lean.wording.numbers import counted, number, percent, plural
from kuzbass_lean.wording.vocabulary import phrase

_RANGE, _STATED_RANGE = "…", "–"


def bounds(b: Bounds | None, key: str = "", digits: int | None = None, *, words: bool = False) -> str:
    """Return an interval with one unit: «32,1…42,9 %», or in words «от 32,1 до 42,9 %».

    An open end reads «до 60 %» or «не менее 3 дней»; an interval that is one number reads as
    that number.

    Examples
    --------
    >>> kl.wording.bounds(kl.metrics.Bounds(1, 3), "day").split()
    ['1…3', 'дня']
    """
    return _interval(b, key, digits, separator="" if words else _RANGE)


def value_text(value: Value | None, key: str = "", better: str = "lower") -> str:
    """Return a measured value as it was stated: «28 минут», «37–40 человек в смену».

    A bound reads «до 5 дней в месяц» or «не менее 3», a bare factor «в 2 раза меньше» or, where
    higher is better, «в 2 раза больше».

    Examples
    --------
    >>> kl.wording.value_text(kl.metrics.Value.of(5), "minute").split()
    ['5', 'минут']
    """
    if value is None:
        return phrase("missing")
    if value.qualifier == "factor_only":
        return _times(value.factor, better)
    stated = Bounds(None, value.high) if value.qualifier == "up_to" else value.bounds
    return _interval(stated, key, None, separator=_STATED_RANGE)


def change_text(change: Change, digits: int = 1) -> str:
    """Return a change with the sign of the measure itself: 28 to 10 minutes is «−64,3 %».

    Percentage points come before percent, and a change without a percentage is shown in its
    own unit. A planned change reads the same: its label says that it is one.

    Examples
    --------
    >>> was, now = kl.metrics.Value.of(40), kl.metrics.Value.of(30)
    >>> kl.wording.change_text(kl.metrics.change(was, now, "lower")).split()
    ['−25,0', '%']
    """
    if change.eliminated and not change.planned:
        return phrase("eliminated")
    if change.relative is not None and change.absolute is None and change.factor is not None:
        return _times(change.factor.low, change.better)
    if change.better == "target":
        return _nearer(change, digits)
    shown: Bounds | None
    decimals: int | None
    if change.points is not None:
        shown, key, decimals = change.points, "percentage point", None
    elif change.relative is not None:
        shown, key, decimals = change.relative, "percent", digits
    else:
        shown, key, decimals = change.absolute, change.unit, None
    # where lower is better, "better by" is a fall of the measure
    return _interval(_negated(shown) if change.better == "lower" else shown, key, decimals, signed=True)


def ratio(r: Ratio, digits: int = 1) -> str:
    """Return both counts and the share: «22 из 72 (30,6 %)»; without a total only the count.

    Examples
    --------
    >>> kl.wording.ratio(kl.metrics.Ratio(3, 4)).split()
    ['3', 'из', '4', '(75,0', '%)']
    """
    counts = number(r.numerator)
    if r.numerator is None or r.denominator is None:
        return counts
    counts = phrase("out_of", counts, number(r.denominator))
    return counts if r.percent is None else phrase("with_share", counts, percent(r.percent, digits))


def _interval(
    b: Bounds | None, key: str, digits: int | None, separator: str = _RANGE, signed: bool = False
) -> str:
    if b is None or (b.low is None and b.high is None):
        return phrase("missing")
    low, high = number(b.low, digits, signed=signed), number(b.high, digits, signed=signed)
    if b.high is None:
        return phrase("at_least", counted(low, b.low, key, "genitive", digits))
    if b.low is None:
        return phrase("up_to", counted(high, b.high, key, "genitive", digits))
    if low == high:
        return counted(high, b.high, key, "nominative", digits)
    if not separator:
        return phrase("from_to", low, counted(high, b.high, key, "genitive", digits))
    dash = separator if b.low >= 0 else _RANGE
    return counted(f"{low}{dash}{high}", b.high, key, "nominative", digits)


def _negated(b: Bounds | None) -> Bounds | None:
    if b is None:
        return None
    return Bounds(None if b.high is None else -b.high, None if b.low is None else -b.low)


def _times(factor: float | None, better: str) -> str:
    if factor is None or factor <= 0:
        return phrase("missing")
    if factor == 1:
        return phrase("unchanged")
    lower = better != "higher"
    if factor < 1:
        lower, factor = not lower, float(1 / Decimal(str(factor)))
    return phrase("times_less" if lower else "times_more", plural(factor, "time", "accusative"))


def _nearer(change: Change, digits: int) -> str:
    if change.relative is None or change.relative.low is None:
        return _interval(change.absolute, change.unit, None, signed=True)
    if change.relative.high is not None and change.relative.high < 0:
        return phrase("farther", _interval(_negated(change.relative), "percent", digits))
    return phrase("closer", _interval(change.relative, "percent", digits))
