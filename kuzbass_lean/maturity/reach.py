"""How much each unit has reached, as exact bounds, counted by how many units reached the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

import numpy as np
import numpy.typing as npt
import pandas as pd

from kuzbass_lean.lookup import Positions

Reach = tuple[Fraction | None, Fraction | None]
"""The least and the most that a unit has reached; None is «nobody knows»."""

UNKNOWN: Reach = (None, None)

Tally = tuple[tuple[Fraction, int], ...]
"""What was reached and by how many units, the most first."""


@dataclass(frozen=True, eq=False)
class Units:
    """The units of a direction that the registry lists, and how many there are.

    Many units reach the same: unit number i of ``names`` has reached ``levels[codes[i]]``, so
    that exact numbers are worked out and compared once for all who share them.

    ``total`` is None where no frame states it. ``open_ended`` tells whether a unit that the
    registry does not list might have reached anything.
    """

    names: Sequence[str]
    codes: Positions
    levels: tuple[Reach, ...]
    total: int | None
    open_ended: bool
    missing: tuple[str, ...] = ()

    @cached_property
    def reach(self) -> Mapping[str, Reach]:
        """What each unit has reached, by id."""
        return {name: self.levels[code] for name, code in zip(self.names, self.codes.tolist(), strict=True)}

    @property
    def listed(self) -> int:
        """Units that the registry lists."""
        return len(self.names)

    @property
    def unlisted(self) -> int:
        """Units of the frame that the registry does not list."""
        return max((self.total or 0) - self.listed, 0)

    @property
    def unknown(self) -> int:
        """Units of which nothing is known."""
        return sum(count for level, count in self._counted if level == UNKNOWN)

    @cached_property
    def lows(self) -> Tally:
        """What is reached for sure; units of which nothing is sure are left out."""
        return _tally((low, count) for (low, _), count in self._counted)

    @cached_property
    def highs(self) -> Tally:
        """What is reached at best; units that may have reached anything are left out."""
        return _tally((high, count) for (_, high), count in self._counted)

    @cached_property
    def boundless(self) -> int:
        """Units that may have reached anything."""
        return sum(count for (_, high), count in self._counted if high is None)

    @cached_property
    def _counted(self) -> list[tuple[Reach, int]]:
        counts = np.bincount(self.codes, minlength=len(self.levels)).tolist()
        return [(level, count) for level, count in zip(self.levels, counts, strict=True) if count]


def _tally(counted: Iterable[tuple[Fraction | None, int]]) -> Tally:
    found: dict[Fraction, int] = {}
    for value, count in counted:
        if value is not None:
            found[value] = found.get(value, 0) + count
    return tuple((value, found[value]) for value in reversed(ascending(found)))


def reaching(tally: Tally, y: int) -> int:
    """Return how many units of a tally have reached Y."""
    return sum(count for value, count in tally if value >= y)


def nth(tally: Tally, number: int) -> Fraction | None:
    """Return what the unit of that number, from 1, has reached, the best first; None beyond the last."""
    if number < 1:
        return None
    for value, count in tally:
        number -= count
        if number <= 0:
            return value
    return None


def ascending(values: Iterable[Fraction]) -> list[Fraction]:
    """Return the values in order, each once."""
    # by their nearest binary number first, which is quick and leaves hardly anything to exchange
    return sorted(sorted(set(values), key=float))


def whole_numbers(values: pd.Series | pd.DataFrame) -> tuple[npt.NDArray[np.object_], int]:
    """Return decimal numbers as whole ones of any size, None for missing, and what they are multiplied by."""
    codes, found = pd.factorize(values.to_numpy(dtype="float64").ravel())
    exact = [Fraction(str(value)) for value in found.tolist()]
    scale = lcm(*(value.denominator for value in exact))
    # the missing ones' code -1 finds the None at the end
    whole = np.array(
        [*(value.numerator * (scale // value.denominator) for value in exact), None], dtype=object
    )
    return whole[codes].reshape(values.shape), scale
