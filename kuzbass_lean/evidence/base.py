"""What every method of this package takes and gives: series, runs, intervals, directions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Better = Literal["lower", "higher", "target"]
Verdict = Literal["common", "improvement", "concern"]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Interval(NamedTuple):
    """A closed interval, in the unit of what it was worked out from."""

    low: float
    high: float


class Run(NamedTuple):
    """A stretch of equal signs: positions ``start`` up to but not including ``stop``."""

    start: int
    stop: int
    sign: int

    @property
    def length(self) -> int:
        """How many positions it covers."""
        return self.stop - self.start


def series(values: Iterable[float], name: str) -> Floats:
    """Return the values as an array of numbers.

    Raises
    ------
    ValueError
        Naming the positions that hold no finite number: leaving one out would join
        neighbours that are not neighbours, so the caller decides.
    """
    array: Floats = np.asarray(pd.Series(list(values), dtype="float64"), dtype=np.float64)
    missing = np.flatnonzero(~np.isfinite(array))
    if missing.size:
        places = ", ".join(str(place) for place in missing[:5])
        msg = f"{name}: no number at position {places}" + (" …" if missing.size > 5 else "")
        raise ValueError(msg)
    return array


def direction(better: str, allowed: tuple[str, ...] = get_args(Better)) -> None:
    """Refuse an improvement direction that is not one of those allowed, with ValueError."""
    if better not in allowed:
        msg = f"better is {better!r}: choose one of {', '.join(allowed)}"
        raise ValueError(msg)


def runs(signs: Integers) -> list[Run]:
    """Split a sequence of signs into its runs, in order."""
    if not signs.size:
        return []
    starts = np.flatnonzero(np.diff(signs, prepend=signs[0] + 1))
    stops = [*starts[1:], signs.size]
    return [Run(int(start), int(stop), int(signs[start])) for start, stop in zip(starts, stops, strict=True)]
