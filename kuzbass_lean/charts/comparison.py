"""The funnel plot: shares against their sample size, with limits in place of a league table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from kuzbass_lean.charts import theme
from kuzbass_lean.charts.theme import Drawing, at, draw, label_ends, place
from kuzbass_lean.figures import Figure as Number
from kuzbass_lean.figures import Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEIGHTS = (330, 290)
_MARKS = {"inside": "o", "above": "^", "below": "v", "own": "o"}
_COLOURS = {"inside": theme.EDGE, "above": theme.BLUE, "below": theme.ORANGE, "own": theme.DEEP}
_SIZES = {"inside": 26, "above": 64, "below": 64, "own": 110}


@dataclass(frozen=True, slots=True)
class Dot:
    """A territory or institution: how many projects, what percent, where it stands, its name if told.

    ``state`` is inside, above or below the 99.8 % limits, or own for the report's own.
    """

    n: int
    percent: float
    state: str
    label: str = ""


_MANY = 200
"""From so many dots on, those that nobody could tell apart are drawn once."""
_GRID = (500, 0.5)
"""Dots within the same of so many parts of the axis of n, and of so many percent, lie on each other."""


def _apart(dots: pd.DataFrame) -> pd.DataFrame:
    if len(dots) <= _MANY:
        return dots
    across, up = (dots["n"] * _GRID[0] // dots["n"].max()), dots["percent"] // _GRID[1]
    return dots[~dots.assign(n=across, percent=up).duplicated()]


def funnel(
    dots: Sequence[Dot], limits: pd.DataFrame, mean: Number, words: tuple[str, str, str, str, str], alt: Text
) -> Drawing:
    """Draw a funnel plot.

    Parameters
    ----------
    limits
        As ``evidence.funnel_limits`` gives them, over the whole range of n.
    mean
        The share of all together, in percent.
    words
        What to write before the mean, the 95 % and the 99.8 % limit, and at the axes x and y.
    """
    frame = _apart(pd.DataFrame(dots))

    def paint(figure: Figure, width: int) -> None:
        from matplotlib.ticker import MaxNLocator

        wide = width == theme.WIDE
        height = _HEIGHTS[0] if wide else _HEIGHTS[1]
        axes = place(figure, width, height, (48, 26, width - (130 if wide else 12), height - 46))
        n = limits["n"]
        axes.fill_between(n, 100 * limits["low_95"], 100 * limits["high_95"], color=theme.FAINT, zorder=0)
        for side in ("low", "high"):
            axes.plot(n, 100 * limits[f"{side}_95"], color=theme.EDGE, linewidth=1)
            axes.plot(n, 100 * limits[f"{side}_998"], color=theme.EDGE, linewidth=1, linestyle=(0, (4, 3)))
        centre = at(mean)
        axes.axhline(centre, color=theme.INK, linewidth=1.4)
        theme.marks(
            axes, frame, x="n", y="percent", hue="state", style="state", size="state", sizes=_SIZES,
            markers=_MARKS, palette=_COLOURS, linewidth=0.6,
        )  # fmt: skip
        for dot in dots:
            if dot.label and (wide or dot.state == "own"):
                left = dot.n < n.max() / 2
                axes.annotate(
                    dot.label,
                    (dot.n, dot.percent),
                    xytext=(9 if left else -9, 9),
                    textcoords="offset points",
                    ha="left" if left else "right",
                    weight="bold",
                )
        axes.set(xlabel=words[3], ylabel="", ylim=(-4, 104), xlim=(0, float(n.max()) * 1.02))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(words[4], loc="left", fontsize=13, color=theme.QUIET, pad=10)
        last = limits.iloc[-1]
        ends = ((centre, f"{words[0]} {mean}", "bold"), (100 * last["high_95"], words[1], "normal"),
                (100 * last["high_998"], words[2], "normal"))  # fmt: skip
        if wide:
            label_ends(axes, ends)

    return draw(paint, _HEIGHTS, alt)
