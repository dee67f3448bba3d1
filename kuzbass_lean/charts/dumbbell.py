"""Before, target and after on one line per process, measured against «было»."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from kuzbass_lean.charts import theme
from kuzbass_lean.charts.theme import Drawing, draw, place, shorten
from kuzbass_lean.figures import Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW = (26, 44)
"""Height of a row in pixels, wide and narrow."""
_HEAD, _FOOT = 24, 40
_LEFT, _RIGHT = 250, 386
_COLUMNS = (550, 690, 716)
"""Pixels of the wide chart: the scale, and the right edges of the columns of text beside it."""
_MARKS = {"before": "o", "target": "d", "better": "o", "worse": "s"}
_COLOURS = {"before": "#ffffff", "target": "#ffffff", "better": theme.DEEP, "worse": theme.ORANGE}


@dataclass(frozen=True, slots=True)
class Pair:
    """One measure: what it is, where target and after stand when before is 100, and its texts.

    ``after`` or ``target`` is None where there is none; ``solid`` tells whether the
    measurements behind it are known; ``key`` names the measure.
    """

    label: str
    after: float | None
    target: float | None
    worse: bool
    solid: bool
    shown: Text
    change: Text
    letter: str
    key: str = ""


def dumbbell(pairs: Sequence[Pair], axis: str, heads: tuple[str, str, str], alt: Text) -> Drawing:
    """Draw measures one under another on a shared scale where before is 100 percent."""
    heights = tuple(_HEAD + _FOOT + row * len(pairs) for row in _ROW)

    def paint(figure: Figure, width: int) -> None:
        wide = width == theme.WIDE
        height = heights[0] if wide else heights[1]
        box = (_LEFT, _HEAD, _RIGHT, height - _FOOT) if wide else (8, _HEAD, 200, height - _FOOT)
        axes = place(figure, width, height, box)
        _points(axes, pairs, 0.0 if wide else 0.22)
        _words(axes, pairs, wide, heads)
        axes.set(ylim=(len(pairs) - 0.5, -0.5), xlim=_limits(pairs), xlabel=axis, ylabel="", yticks=[])
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")

    return draw(paint, (heights[0], heights[1]), alt)


def _limits(pairs: Sequence[Pair]) -> tuple[float, float]:
    values = [v for pair in pairs for v in (pair.after, pair.target) if v is not None]
    return (-4.0, max([100.0, *values]) * 1.06)


def _points(axes: Axes, pairs: Sequence[Pair], shift: float) -> None:
    rows: list[tuple[str, float, float]] = []
    for number, pair in enumerate(pairs):
        y = number + shift
        rows.append(("before", 100.0, y))
        end = pair.after if pair.after is not None else pair.target
        if end is not None:
            style = "-" if pair.solid else (0, (3, 3))
            axes.plot(
                [100.0, end], [y, y], color=theme.PALE if pair.solid else theme.EDGE, ls=style, zorder=1
            )
        if pair.target is not None:
            rows.append(("target", pair.target, y))
        if pair.after is not None:
            rows.append(("worse" if pair.worse else "better", pair.after, y))
    frame = pd.DataFrame(rows, columns=["phase", "share", "row"])
    theme.marks(
        axes, frame, x="share", y="row", hue="phase", style="phase", markers=_MARKS, palette=_COLOURS,
        edgecolor=theme.INK, linewidth=1.2, s=52,
    )  # fmt: skip


def _words(axes: Axes, pairs: Sequence[Pair], wide: bool, heads: tuple[str, str, str]) -> None:
    """Write label, values, change and grade beside the line; on a phone the label goes above it."""
    across = axes.get_yaxis_transform()
    columns = [(x - _LEFT) / (_RIGHT - _LEFT) for x in _COLUMNS] if wide else [1.1, 1.1, 1.62]
    if wide:
        for x, head in zip(columns, heads, strict=True):
            axes.text(x, -0.75, head, transform=across, ha="right", va="center", color=theme.QUIET)
    for number, pair in enumerate(pairs):
        if wide:
            axes.text(-0.03, number, shorten(pair.label, 34), transform=across, ha="right", va="center")
            axes.text(columns[0], number, str(pair.shown), transform=across, ha="right", va="center")
            axes.text(columns[1], number, str(pair.change), transform=across, ha="right", va="center")
            axes.text(
                columns[2], number, pair.letter, transform=across, ha="right", va="center", weight="bold"
            )
        else:
            axes.text(0, number - 0.26, shorten(pair.label, 40), transform=across, va="center")
            axes.text(1.04, number + 0.22, str(pair.change), transform=across, ha="left", va="center")
            axes.text(
                columns[2],
                number - 0.26,
                pair.letter,
                transform=across,
                ha="right",
                va="center",
                weight="bold",
            )
