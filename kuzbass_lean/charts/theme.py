"""One look for all charts, and drawings that are the same bytes for the same values."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from kuzbass_lean import wording
from kuzbass_lean.figures import Figure as Number
from kuzbass_lean.figures import Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE: Final = 720
NARROW: Final = 328

INK, QUIET, RULE, EDGE = "#16202a", "#4b5763", "#cfd7de", "#7d8a96"
DEEP, BLUE, PALE, FAINT = "#123c66", "#1f6cb0", "#a8cbea", "#eef2f5"
ORANGE, RUST = "#e0701a", "#9c3d08"

_PIXELS = 72
"""A figure inch holds so many pixels, so a 13 point text is 13 pixels high."""

_TEXT = 13
"""Pixels of every text of a chart."""

_LINE = 16
"""Pixels from one line of text to the next."""

_RC: Final[Any] = {
    "figure.dpi": _PIXELS,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.transparent": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "kuzbass-lean",
    # Comes with matplotlib, so every machine measures text alike; it is wider than the page's own.
    "font.family": ["DejaVu Sans"],
    "font.size": _TEXT,
    "axes.labelsize": 13,
    "axes.labelcolor": QUIET,
    "axes.edgecolor": EDGE,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "text.color": INK,
    "text.parse_math": False,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "xtick.labelsize": 13,
    "ytick.labelsize": 13,
    "xtick.color": EDGE,
    "ytick.color": EDGE,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "butt",
    "hatch.linewidth": 0.8,
    "path.simplify": False,
}
_FAMILY = "Arial, 'Liberation Sans', Helvetica, sans-serif"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart for a wide page and for a phone, as SVG, with what it shows in words and figures."""

    wide: str
    narrow: str
    alt: Text


def at(figure: Number) -> float:
    """Return where a figure is drawn; an unknown one is drawn nowhere."""
    return float("nan") if figure.value is None else figure.value


Paint = Callable[["Figure", int], None]
"""Draws on a figure of so many pixels' width."""


def draw(paint: Paint, heights: tuple[int, int], alt: Text) -> Drawing:
    """Draw a chart twice, at both widths; ``heights`` are pixels, wide first."""
    wide, narrow = (_svg(paint, size, str(alt)) for size in zip((WIDE, NARROW), heights, strict=True))
    return Drawing(wide, narrow, alt)


def _svg(paint: Paint, size: tuple[int, int], alt: str) -> str:
    import matplotlib as mpl  # takes half a second to load, and who reads or scores a registry draws nothing
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    width, height = size
    with mpl.rc_context(_RC):
        figure = Figure(figsize=(width / _PIXELS, height / _PIXELS))
        FigureCanvasSVG(figure)
        paint(figure, width)
        out = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", metadata=nothing)
    return _cleaned(out.getvalue(), width, height, alt)


def _cleaned(svg: str, width: int, height: int, alt: str) -> str:
    """Drop what a page does not need, and give what it shares with other charts names of its own."""
    body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r"\s*font-family: [^;\"]+;?", "", body)
    mark = hashlib.sha256((body + alt).encode()).hexdigest()[:6]
    used = dict.fromkeys(re.findall(r"(?:url\(|href=\")#([\w.-]+)", body))
    names = {name: f"{mark}{number}" for number, name in enumerate(used)}
    body = re.sub(r'\sid="([\w.-]+)"', lambda m: f' id="{names[m[1]]}"' if m[1] in names else "", body)
    body = re.sub(r"(url\(|href=\")#([\w.-]+)", lambda m: f"{m[1]}#{names[m[2]]}", body)
    body = body.replace("<use xlink:href", "<use href")
    body = _smaller(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'font-family="{_FAMILY}" font-size="{_TEXT}" aria-label="{escape(alt)}">{body}</svg>'
    )


def _smaller(body: str) -> str:
    """Write the same drawing shorter: a tenth of a pixel is enough, and no mark turns by nothing."""
    body = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", body)
    body = re.sub(r'<path d="[^"]*" style="fill: none"/>', "", body)
    body = re.sub(r' style="([^"]*)"', lambda m: _attributes(m[1]), body)
    body = re.sub(r"<[^>]*>", lambda m: _rounded(m[0]), body)
    body = re.sub(r"\s*\n\s*", " ", body)
    body = re.sub(r'<path([^>]*?) d="(M[^"]* C [^"]*z) ?"([^>]*?)/>', _rounder, body)
    body = re.sub(r"> +<", "><", body).replace(' "', '"')
    body = re.sub(r" (?=[MLz]\b)|(?<=[MLz]) ", "", body)
    while (slim := re.sub(r"<g></g>|<g>(<(?:use|text|path)[^<]*(?:/>|</text>))</g>", r"\1", body)) != body:
        body = slim
    return body


def _rounded(tag: str) -> str:
    """Round the numbers of a tag; what stands between tags is text, where 30.11 may be a date."""
    return re.sub(r"\d+\.\d{2,}", lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), tag)


def _rounder(path: re.Match[str]) -> str:
    """Write a circle, which matplotlib draws as eight curves, as a circle."""
    numbers = [float(number) for number in re.findall(r"-?[0-9.]+", path[2])]
    xs, ys = numbers[::2], numbers[1::2]
    radius, across = (max(ys) - min(ys)) / 2, (max(xs) - min(xs)) / 2
    if len(xs) != _CIRCLE or abs(radius - across) > 0.15 or (xs[0], ys[0]) != (xs[-1], ys[-1]):
        return path[0]
    centre = f' cx="{xs[0]:g}" cy="{round(ys[0] - radius, 1):g}" r="{round(radius, 1):g}"'
    look = re.sub(r' clip-path="[^"]*"', "", path[1] + path[3])  # marks stand within the axes
    return f"<circle{centre}{look}/>"


_CIRCLE: Final = 25
"""So many points eight curves have."""


def _attributes(style: str) -> str:
    """Give presentation attributes in place of a style, but those that the drawing's root has."""
    parts = (part.split(":", 1) for part in style.split(";") if ":" in part)
    kept = {name.strip(): value.strip() for name, value in parts}
    inherited = {("font-size", f"{_TEXT}px"), ("text-anchor", "start")}
    return "".join(
        f' {name}="{value.removesuffix("px")}"'
        for name, value in kept.items()
        if (name, value) not in inherited
    )


def place(figure: Figure, width: int, height: int, box: tuple[float, float, float, float]) -> Axes:
    """Return axes at (left, top, right, bottom) pixels from the figure's upper left corner."""
    left, top, right, bottom = box
    axes = figure.add_axes(
        (left / width, 1 - bottom / height, (right - left) / width, (bottom - top) / height)
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: wording.number(float(value)))
    # Without labels seaborn lays out all ticks to see whether it may set its own; every chart sets its own.
    axes.set(xlabel=" ", ylabel=" ")
    return axes


def marks(axes: Axes, frame: pd.DataFrame, **look: Any) -> None:
    """Mark points given by the columns that ``look`` names, which goes to seaborn."""
    import seaborn as sns  # as above

    sns.scatterplot(frame, legend=False, zorder=3, ax=axes, **look)


def label_ends(axes: Axes, labels: Sequence[tuple[float, str, str]]) -> None:
    """Write (value, text, weight) at the right edge of finished axes, apart where values lie close."""
    from scipy.optimize import isotonic_regression  # as above

    ordered = sorted(labels)
    heights = axes.transData.transform([(0.0, value) for value, _, _ in ordered])[:, 1]
    steps = _LINE * np.arange(len(ordered))
    places = isotonic_regression(heights - steps).x + steps
    for (value, text, weight), height, place_ in zip(ordered, heights, places, strict=True):
        axes.annotate(
            text, (1, value), xycoords=("axes fraction", "data"), xytext=(8, float(place_ - height)),
            textcoords="offset points", va="center", weight=weight,
        )  # fmt: skip


def shorten(text: str, most: int) -> str:
    """Return a text of at most so many characters, cut at a word, with an ellipsis if it was cut."""
    if len(text) <= most:
        return text
    kept = text[: most - 1].rsplit(" ", 1)[0].rstrip(" ,.;:«(—-")
    return (kept or text[: most - 1]) + "…"
