"""Is the improvement real: control charts, samples, shares, durations, and a grade in words.

Plain series and frames in, frozen values or new frames out. scipy and statsmodels are
loaded by the functions that need them, so importing this package is cheap. Sources and
departures from them: ``docs/method-evidence.md``.
"""

from kuzbass_lean.evidence.base import Interval
from kuzbass_lean.evidence.control import FIRM_POINTS, ControlChart, Phase, xmr
from kuzbass_lean.evidence.duration import LogRank, TimeToClose, log_rank, time_to_close
from kuzbass_lean.evidence.grading import Grade, Stated, grade, grades
from kuzbass_lean.evidence.regression import Regression, regression_to_mean
from kuzbass_lean.evidence.runchart import RunChart, run_chart
from kuzbass_lean.evidence.samples import Comparison, compare
from kuzbass_lean.evidence.shares import funnel_limits, wilson

__all__ = [
    "FIRM_POINTS",
    "Comparison",
    "ControlChart",
    "Grade",
    "Interval",
    "LogRank",
    "Phase",
    "Regression",
    "RunChart",
    "Stated",
    "TimeToClose",
    "compare",
    "funnel_limits",
    "grade",
    "grades",
    "log_rank",
    "regression_to_mean",
    "run_chart",
    "time_to_close",
    "wilson",
    "xmr",
]
