"""The map from an office's own GeoJSON; without one the reports show tiles."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kuzbass_lean.charts import theme
from kuzbass_lean.charts.theme import Drawing, draw, place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHADES = ("#ffffff", "#e6f0f9", theme.PALE, theme.BLUE, theme.DEEP)
_MARGIN = 8

Ring = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Region:
    """A territory of the map: its outlines in degrees, how dark it is (None: no data), its text and page."""

    name: str
    rings: tuple[Ring, ...]
    shade: int | None
    text: str
    href: str


def geography(shown: Sequence[Region], alt: str) -> Drawing:
    """Draw territories by their outlines; each carries its number and leads to its page."""
    points = [point for region in shown for ring in region.rings for point in ring]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    squeeze = math.cos(math.radians((south + north) / 2))
    ratio = (north - south) / ((east - west) * squeeze)
    heights = tuple(round(min(width * ratio, 900)) for width in (theme.WIDE, theme.NARROW))

    def paint(figure: Figure, width: int) -> None:
        height = heights[0] if width == theme.WIDE else heights[1]
        axes = place(figure, width, height, (_MARGIN, _MARGIN, width - _MARGIN, height - _MARGIN))
        for region in shown:
            _patch(axes, region, squeeze)
        axes.set(xlim=(west * squeeze, east * squeeze), ylim=(south, north), aspect="equal")
        axes.set_axis_off()

    return draw(paint, (heights[0], heights[1]), alt)


def _patch(axes: Any, region: Region, squeeze: float) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    vertices, codes = [], []
    for ring in region.rings:
        vertices += [(x * squeeze, y) for x, y in ring]
        codes += [Path.MOVETO, *[Path.LINETO] * (len(ring) - 2), Path.CLOSEPOLY]
    unknown = region.shade is None
    colour = "#ffffff" if region.shade is None else _SHADES[region.shade]
    patch = PathPatch(
        Path(vertices, codes),
        facecolor=colour,
        edgecolor=theme.EDGE,
        linewidth=0.8,
        hatch="////" if unknown else None,
    )
    patch.set_url(region.href)
    axes.add_patch(patch)
    largest = max(region.rings, key=lambda ring: abs(_area(ring)))
    x, y = _centre(largest)
    dark = region.shade is not None and region.shade > 2
    axes.text(x * squeeze, y, region.text, ha="center", va="center", color="#ffffff" if dark else theme.INK)


def _edges(ring: Ring) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    return zip(ring, [*ring[1:], ring[0]], strict=True)


def _area(ring: Ring) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in _edges(ring)) / 2


def _centre(ring: Ring) -> tuple[float, float]:
    """The centroid of a ring; of a degenerate one the mean of its points."""
    area = _area(ring)
    if not area:
        return sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring)
    weighted = [((x1 + x2), (y1 + y2), x1 * y2 - x2 * y1) for (x1, y1), (x2, y2) in _edges(ring)]
    return (
        sum(x * cross for x, _, cross in weighted) / (6 * area),
        sum(y * cross for _, y, cross in weighted) / (6 * area),
    )
