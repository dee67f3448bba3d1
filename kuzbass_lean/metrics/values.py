"""What a metric is made of: a ratio, an interval, a measured value."""

from __future__ import annotations

from dataclasses import dataclass

from kuzbass_lean.display import Shown


@dataclass(frozen=True, slots=True)
class Ratio(Shown):
    """A share that keeps the two counts it is made of.

    A missing count, or a denominator of zero, makes the share unknown: ``None``, neither
    zero nor infinity.
    """

    numerator: int | None
    denominator: int | None

    @property
    def share(self) -> float | None:
        """The share, 0..1, or ``None``."""
        if self.numerator is None or not self.denominator:
            return None
        return self.numerator / self.denominator

    @property
    def percent(self) -> float | None:
        """The share in percent, or ``None``."""
        if self.numerator is None or not self.denominator:
            return None
        return 100 * self.numerator / self.denominator


@dataclass(frozen=True, slots=True)
class Bounds(Shown):
    """A closed interval; an end that is ``None`` is open to infinity.

    Raises
    ------
    ValueError
        If the low end is above the high one.
    """

    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and self.low > self.high:
            msg = f"low end {self.low} is above high end {self.high}"
            raise ValueError(msg)

    @property
    def exact(self) -> bool:
        """Whether the interval is one number."""
        return self.low is not None and self.low == self.high


@dataclass(frozen=True, slots=True)
class CountBounds(Shown):
    """A count known to lie between two whole numbers, out of a total."""

    low: int
    high: int
    total: int

    @property
    def shares(self) -> Bounds | None:
        """The lowest and highest share, 0..1, or ``None`` when the total is zero."""
        return Bounds(self.low / self.total, self.high / self.total) if self.total else None


@dataclass(frozen=True, slots=True)
class Value(Shown):
    """One measured value, as a row of the ``values`` table states it.

    Parameters
    ----------
    low, high
        The stated ends, in the measure's unit; ``None`` where nothing is stated.
    qualifier
        ``exact``, ``range``, ``up_to`` (only ``high``), ``at_least`` (only ``low``) or
        ``factor_only`` (neither, the change is known as a number of times).
    factor
        The number of times, for ``factor_only``.
    """

    low: float | None
    high: float | None
    qualifier: str = "exact"
    factor: float | None = None

    @classmethod
    def of(cls, number: float) -> Value:
        """Give one exact number."""
        return cls(number, number)

    @classmethod
    def between(cls, low: float, high: float) -> Value:
        """Give a range, both ends included."""
        return cls(low, high, "range")

    @classmethod
    def up_to(cls, high: float) -> Value:
        """Give a value of which only an upper bound is stated."""
        return cls(None, high, "up_to")

    @classmethod
    def at_least(cls, low: float) -> Value:
        """Give a value of which only a lower bound is stated."""
        return cls(low, None, "at_least")

    @classmethod
    def times(cls, factor: float) -> Value:
        """Give a value of which only the number of times it changed by is stated."""
        return cls(None, None, "factor_only", factor)

    @property
    def one_sided(self) -> bool:
        """Whether only one bound is stated; such a value never enters a sum."""
        return self.qualifier in ("up_to", "at_least")

    @property
    def bounds(self) -> Bounds | None:
        """The interval the value lies in; ``None`` when no number is stated.

        "Up to 5" is 0..5: time, money and counts are not negative. A negative upper
        bound leaves the low end open.
        """
        if self.low is None and self.high is None:
            return None
        if self.qualifier == "exact":
            low = self.low if self.low is not None else self.high
            return Bounds(low, self.high if self.high is not None else low)
        if self.qualifier == "up_to" and self.low is None and self.high is not None and self.high >= 0:
            return Bounds(0.0, self.high)
        return Bounds(self.low, self.high)
