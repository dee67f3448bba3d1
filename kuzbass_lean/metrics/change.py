"""How much better it became: before, target, after.

The formulas are worked out in decimal numbers, value by value, because their results meet
thresholds: in binary a fall from 1.2 to 0.9 is less than a quarter.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from kuzbass_lean.display import Shown
from kuzbass_lean.metrics.values import Bounds, Value

Interval = tuple[Decimal, Decimal]

INFINITY = Decimal("Infinity")
ZERO: Interval = (Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class Change(Shown):
    """A change between two values; every number is positive when it is for the better.

    Attributes
    ----------
    relative
        In percent of the value before; ``None`` when unknown or when that value is zero.
    absolute
        In the measure's own unit; ``None`` when unknown.
    points
        In percentage points, for measures in percent only: to be shown before ``relative``.
    factor
        How many times better; ``None`` when unknown or when nothing is left.
    eliminated
        The unwanted quantity is gone: a fall to exactly zero.
    one_sided
        One of the two values is only a bound: shown as "up to", never summed.
    planned
        The later value is a target, nothing is achieved yet.
    """

    better: str
    unit: str = ""
    relative: Bounds | None = None
    absolute: Bounds | None = None
    points: Bounds | None = None
    factor: Bounds | None = None
    eliminated: bool = False
    one_sided: bool = False
    planned: bool = False

    @property
    def known(self) -> bool:
        """Whether anything can be said about the change."""
        return self.relative is not None or self.absolute is not None


@dataclass(frozen=True, slots=True)
class Attainment(Shown):
    """How much of the way to the target was covered.

    Attributes
    ----------
    share
        1 = the target is reached exactly; ``None`` when unknown, when the target equals
        the value before, or when it is worse than that value.
    attained
        ``full``, ``minimum`` (only the easier end of a target range), ``none``, or
        ``None`` when unknown.
    equals_target
        The result repeats the target exactly, which is a reason to look again.
    """

    share: Bounds | None = None
    attained: str | None = None
    equals_target: bool = False


def change(
    before: Value | None,
    after: Value | None,
    better: str,
    unit: str = "",
    *,
    target: Value | None = None,
    planned: bool = False,
) -> Change:
    """Compare two values: (b-a)/b where lower is better, (a-b)/b where higher is.

    Ranges give the corners of [before] x [after] and are never collapsed to the midpoint.
    From a factor k alone the change is 1-1/k, or k-1 where higher is better. Where a target
    is best (``better="target"``) the distances to ``target`` are compared, lower is better.

    A missing value makes the change unknown. A value of zero before gives the absolute
    change only, and two zeros no change at all; a negative one has no percentage either.

    Source: programme methodology, metrics table: Improvement, Range, Factor, One-sided.

    Examples
    --------
    >>> was, now = kl.metrics.Value.of(40), kl.metrics.Value.of(30)
    >>> kl.metrics.change(was, now, "lower").relative
    Bounds(low=25.0, high=25.0)
    """
    one_sided = any(value is not None and value.one_sided for value in (before, after))
    if after is not None and after.qualifier == "factor_only":
        return _from_factor(after.factor, better, unit, planned)
    b, a = _interval(before), _interval(after)
    if b is not None and a is not None and better == "target":
        t = _interval(target)
        b, a = (None, None) if t is None else (_distance(b, t), _distance(a, t))
    if b is None or a is None:
        return Change(better, unit, one_sided=one_sided, planned=planned)
    higher = better == "higher"
    absolute = _bounds((a[0] - b[1], a[1] - b[0]) if higher else (b[0] - a[1], b[1] - a[0]))
    return Change(
        better,
        unit,
        relative=_relative(b, a, higher),
        absolute=absolute,
        points=absolute if unit == "percent" else None,
        factor=_factor(a, b) if higher else _factor(b, a),
        eliminated=better == "lower" and a == ZERO and b[1] > 0,
        one_sided=one_sided,
        planned=planned,
    )


def attainment(before: Value | None, target: Value | None, after: Value | None, better: str) -> Attainment:
    """Compare the way covered with the way planned: (b-a)/(b-t), in either direction.

    A target range is reached fully at its harder end and at least at its easier one; a
    result that is a range counts by its worse end. Anything missing gives unknown.

    Source: programme methodology, metrics table: Target attainment.

    Examples
    --------
    >>> was, aim, now = (kl.metrics.Value.of(number) for number in (20, 10, 15))
    >>> kl.metrics.attainment(was, aim, now, "lower").share
    Bounds(low=0.5, high=0.5)
    """
    b, t, a = _interval(before), _interval(target), _interval(after)
    if t is None or a is None:
        return Attainment()
    share = None if b is None else _attained_share(b, t, a, better)
    return Attainment(share, _attained(t, a, better), equals_target=a == t)


def _interval(value: Value | None) -> Interval | None:
    bounds = None if value is None else value.bounds
    if bounds is None:
        return None
    if bounds.exact:
        number = Decimal(str(bounds.low))
        return number, number
    low = -INFINITY if bounds.low is None else Decimal(str(bounds.low))
    return low, INFINITY if bounds.high is None else Decimal(str(bounds.high))


def _ends(interval: Interval) -> tuple[Decimal, ...]:
    return interval[:1] if interval[0] == interval[1] else interval


def _bounds(interval: Interval) -> Bounds:
    low, high = (float(end) if end.is_finite() else None for end in interval)
    return Bounds(low, high)


def _from_factor(factor: float | None, better: str, unit: str, planned: bool) -> Change:
    if factor is None or factor <= 0 or better == "target":
        return Change(better, unit, planned=planned)
    k = Decimal(str(factor))
    percent = (k - 1) * 100 if better == "higher" else (1 - 1 / k) * 100
    return Change(better, unit, relative=_bounds((percent, percent)), factor=_bounds((k, k)), planned=planned)


def _relative(before: Interval, after: Interval, higher: bool) -> Bounds | None:
    if before == after == ZERO:
        return Bounds(0.0, 0.0)
    ratio = _quotient(after, before)
    if ratio is None:
        return None
    low, high = ratio
    return _bounds(((low - 1) * 100, (high - 1) * 100) if higher else ((1 - high) * 100, (1 - low) * 100))


def _factor(numerator: Interval, denominator: Interval) -> Bounds | None:
    ratio = _quotient(numerator, denominator)
    return None if ratio is None else _bounds(ratio)


def _quotient(numerator: Interval, denominator: Interval) -> Interval | None:
    """Divide intervals by their corners; ``None`` for a divisor that is zero or may be negative."""
    if denominator[0] < 0 or denominator[1] == 0:
        return None
    corners = [_divide(n, d) for n in _ends(numerator) for d in _ends(denominator)]
    known = [corner for corner in corners if corner is not None]
    return min(known), max(known)


def _divide(n: Decimal, d: Decimal) -> Decimal | None:
    if d == 0:
        # 0/0: the other end of the divisor gives the same quotient, this corner adds nothing
        return None if n == 0 else INFINITY.copy_sign(n)
    if n.is_infinite() and d.is_infinite():
        return None
    return n / d


def _distance(value: Interval, target: Interval) -> Interval:
    """Distance of the points of one interval to another; it is largest at an end."""
    # within the target it is zero, also where both are open to the same side
    beyond = [
        Decimal(0) if target[0] <= end <= target[1] else max(target[0] - end, end - target[1])
        for end in value
    ]
    overlap = value[0] <= target[1] and target[0] <= value[1]
    return Decimal(0) if overlap else min(beyond), max(beyond)


def _attained_share(before: Interval, target: Interval, after: Interval, better: str) -> Bounds | None:
    ends = (*before, *target, *after)
    if not all(end.is_finite() for end in ends):
        return None
    ways = [b - t for b in _ends(before) for t in _ends(target)]
    wrong_way = (better == "lower" and min(ways) < 0) or (better == "higher" and max(ways) > 0)
    if wrong_way or min(ways) <= 0 <= max(ways):
        return None
    corners = product(_ends(before), _ends(target), _ends(after))
    shares = [(b - a) / (b - t) for b, t, a in corners]
    return _bounds((min(shares), max(shares)))


def _attained(target: Interval, after: Interval, better: str) -> str:
    if better == "target":
        return "full" if target[0] <= after[0] and after[1] <= target[1] else "none"
    if better == "lower":
        # mirrored, so that the larger number is the better one below
        target, after = (-target[1], -target[0]), (-after[1], -after[0])
    easier, harder = target
    worst = after[0]
    if worst >= harder:
        return "full"
    return "minimum" if worst >= easier else "none"
