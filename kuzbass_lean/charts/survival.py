"""The Kaplan–Meier curve: what share of projects is still open so many days after their start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from kuzbass_lean.charts import theme
from kuzbass_lean.charts.theme import Drawing, draw, place
from kuzbass_lean.figures import Figure as Number
from kuzbass_lean.figures import Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEIGHTS = (240, 220)


def survival(curve: pd.DataFrame, median: Number, words: tuple[str, str], label: Text, alt: Text) -> Drawing:
    """Draw the share still open against days, and the median with its label where it is known.

    ``curve`` has ``day`` and ``share``; ``words`` are the axes x and y.
    """
    start = pd.DataFrame({"day": [0.0], "share": [1.0]})
    frame = pd.concat([start, curve[["day", "share"]]], ignore_index=True)
    frame["percent"] = 100 * frame["share"]

    def paint(figure: Figure, width: int) -> None:
        wide = width == theme.WIDE
        height = _HEIGHTS[0] if wide else _HEIGHTS[1]
        axes = place(figure, width, height, (48, 26, width - 24, height - 46))
        axes.plot(frame["day"], frame["percent"], drawstyle="steps-post", color=theme.DEEP)
        axes.axhline(50, color=theme.EDGE, linewidth=1, linestyle=(0, (4, 3)))
        if median.value is not None:
            axes.plot([median.value], [50], marker="o", color=theme.ORANGE, markersize=8)
            axes.annotate(
                str(label), (median.value, 50), xytext=(10, 10), textcoords="offset points", weight="bold"
            )
        axes.set(xlabel=words[0], ylabel="", ylim=(0, 104), xlim=(0, None))
        axes.set_title(words[1], loc="left", fontsize=13, color=theme.QUIET, pad=10)

    return draw(paint, _HEIGHTS, alt)
