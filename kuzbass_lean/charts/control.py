"""The XmR control chart and its fallback, the run chart: points, limits or median, the moment of change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from kuzbass_lean.charts import theme
from kuzbass_lean.charts.theme import Drawing, at, draw, label_ends, place
from kuzbass_lean.figures import Figure as Number
from kuzbass_lean.figures import Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHTS = (260, 240)
_MARKS = {"common": "o", "improvement": "o", "concern": "D"}
_COLOURS = {"common": theme.EDGE, "improvement": theme.BLUE, "concern": theme.ORANGE}


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one stretch of a control chart, from 0-based point ``start`` on."""

    start: int
    mean: Number
    lower: Number
    upper: Number


def control(
    points: pd.DataFrame,
    limits: Sequence[Limits],
    target: Number | None,
    days: Sequence[date],
    changed: int,
    words: tuple[str, str, str, str, str],
    unit: str,
    alt: Text,
) -> Drawing:
    """Draw a control chart over its days.

    Parameters
    ----------
    points
        ``value`` and ``verdict`` of each, as ``evidence.ControlChart`` gives them.
    changed
        0-based number of the first point after the change.
    words
        What to write before the mean, the upper and the lower limit, the target, and at the change.
    """
    frame = points.assign(day=pd.to_datetime(list(days)))

    def paint(figure: Figure, width: int) -> None:
        wide = width == theme.WIDE
        height = _HEIGHTS[0] if wide else _HEIGHTS[1]
        axes = place(figure, width, height, (48, 30, width - (150 if wide else 12), height - 44))
        axes.plot(frame["day"], frame["value"], color=theme.RULE, linewidth=1.2, zorder=1)
        theme.marks(
            axes, frame, x="day", y="value", hue="verdict", style="verdict", markers=_MARKS, palette=_COLOURS,
            s=40, linewidth=0.6,
        )  # fmt: skip
        _limits(axes, limits, target, frame, words, wide)
        _frame(axes, frame, changed, words[4], unit, wide)

    return draw(paint, _HEIGHTS, alt)


def run(
    values: Sequence[float],
    centre: Number,
    days: Sequence[date],
    changed: int,
    words: tuple[str, str],
    unit: str,
    alt: Text,
) -> Drawing:
    """Draw a run chart over its days: no limits, only the line that the runs are counted against.

    Parameters
    ----------
    changed
        0-based number of the first point after the change.
    words
        What to write before the line's number and at the change.
    """
    frame = pd.DataFrame({"value": list(values), "day": pd.to_datetime(list(days))})

    def paint(figure: Figure, width: int) -> None:
        wide = width == theme.WIDE
        height = _HEIGHTS[0] if wide else _HEIGHTS[1]
        axes = place(figure, width, height, (48, 30, width - (150 if wide else 12), height - 44))
        axes.plot(frame["day"], frame["value"], color=theme.RULE, linewidth=1.2, zorder=1)
        theme.marks(axes, frame, x="day", y="value", color=theme.EDGE, s=40, linewidth=0.6)
        middle = at(centre)
        axes.axhline(middle, color=theme.INK, linewidth=1.4)
        if wide:
            axes.annotate(f"{words[0]} {centre}", (1, middle), xycoords=("axes fraction", "data"),
                          xytext=(8, 0), textcoords="offset points", va="center", weight="bold")  # fmt: skip
        _frame(axes, frame, changed, words[1], unit, wide)

    return draw(paint, _HEIGHTS, alt)


def _frame(axes: Axes, frame: pd.DataFrame, changed: int, word: str, unit: str, wide: bool) -> None:
    """Mark the change, and label the axes."""
    if 0 < changed < len(frame):
        axes.axvline(frame["day"].iloc[changed], color=theme.INK, linewidth=1)
        axes.annotate(
            word,
            (frame["day"].iloc[changed], 1),
            xycoords=("data", "axes fraction"),
            xytext=(-6, 8),
            textcoords="offset points",
            ha="right",
        )
    axes.set(xlabel="", ylabel=unit)
    axes.yaxis.set_label_position("left")
    axes.set_ylim(bottom=min(0.0, float(frame["value"].min())))
    _dates(axes, frame["day"], wide)


def _limits(
    axes: Axes,
    phases: Sequence[Limits],
    target: Number | None,
    frame: pd.DataFrame,
    words: tuple[str, ...],
    wide: bool,
) -> None:
    starts = [phase.start for phase in phases] + [len(frame)]
    for phase, end in zip(phases, starts[1:], strict=True):
        days = [frame["day"].iloc[phase.start], frame["day"].iloc[end - 1]]
        axes.plot(days, [at(phase.mean)] * 2, color=theme.INK, linewidth=1.4)
        for limit in (phase.lower, phase.upper):
            axes.plot(days, [at(limit)] * 2, color=theme.EDGE, linewidth=1, linestyle=(0, (4, 3)))
    last = phases[-1]
    ends = [(last.mean, words[0], "bold"), (last.upper, words[1], "normal"), (last.lower, words[2], "normal")]
    if target is not None:
        axes.axhline(at(target), color=theme.RUST, linewidth=1.2, linestyle=(0, (1, 2)))
        ends.append((target, words[3], "normal"))
    labels = [(at(end), f"{word} {end}", weight) for end, word, weight in ends]
    axes.set_ylim(bottom=min(0.0, float(frame["value"].min())))
    if wide:
        label_ends(axes, labels)


def _dates(axes: Axes, days: pd.Series, wide: bool) -> None:
    """Mark first, middle and last day: enough to read the time, never too many for a phone."""
    chosen = (
        [days.iloc[0], days.iloc[len(days) // 2], days.iloc[-1]] if wide else [days.iloc[0], days.iloc[-1]]
    )
    axes.set_xticks(chosen, [f"{day:%d.%m.%Y}" for day in chosen])
    labels = axes.get_xticklabels()
    labels[0].set_horizontalalignment("left")
    labels[-1].set_horizontalalignment("right")
