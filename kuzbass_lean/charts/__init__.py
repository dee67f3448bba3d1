"""Charts of the reports: values and figures in, a drawing with alt text out.

Every chart is drawn twice, for a wide page and for a phone; the stylesheet shows one. Colour
never stands alone: shape, line or a word says the same. Nothing here reads data or computes a
metric.
"""

from kuzbass_lean.charts.comparison import Dot, funnel
from kuzbass_lean.charts.control import Limits, control, run
from kuzbass_lean.charts.dumbbell import Pair, dumbbell
from kuzbass_lean.charts.geography import Region, geography
from kuzbass_lean.charts.survival import survival
from kuzbass_lean.charts.theme import Drawing

__all__ = [
    "Dot",
    "Drawing",
    "Limits",
    "Pair",
    "Region",
    "control",
    "dumbbell",
    "funnel",
    "geography",
    "run",
    "survival",
]
