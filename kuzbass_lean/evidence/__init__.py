"""Is the improvement real: control charts, samples, shares, durations, and a grade in words.

Plain series and frames in, frozen values or new frames out. scipy and statsmodels are
loaded by the functions that need them, so importing this package is cheap. Sources and
departures from them: ``docs/method-evidence.md``.
"""

from kuzbass_lean.evidence.base import Interval
from kuzbass_lean.evidence.control import FIRM_POINTS, ControlChart, Phase, xmr
from kuzbass_lean.evidence.duration import LogRank, TimeToClose, log_rank, time_to_close
from kuzbass_lean.evidence.funnels import (
    Funnel,
    Standing,
    complete,
    funnel,
    funnel_table,
    separated,
    standing,
)
from kuzbass_lean.evidence.grading import Grade, Stated, grade, grades
from kuzbass_lean.evidence.pace import FEWEST_EVENTS, Forecast, forecast, poisson_interval, waiting_interval
from kuzbass_lean.evidence.prospects import Outlook, outlook
from kuzbass_lean.evidence.regression import Regression, regression_to_mean
from kuzbass_lean.evidence.runchart import RunChart, run_chart
from kuzbass_lean.evidence.samples import Comparison, compare
from kuzbass_lean.evidence.shares import funnel_limits, wilson

__all__ = [
    "FEWEST_EVENTS",
    "FIRM_POINTS",
    "Comparison",
    "ControlChart",
    "Forecast",
    "Funnel",
    "Grade",
    "Interval",
    "LogRank",
    "Outlook",
    "Phase",
    "Regression",
    "RunChart",
    "Standing",
    "Stated",
    "TimeToClose",
    "compare",
    "complete",
    "forecast",
    "funnel",
    "funnel_limits",
    "funnel_table",
    "grade",
    "grades",
    "log_rank",
    "outlook",
    "poisson_interval",
    "regression_to_mean",
    "run_chart",
    "separated",
    "standing",
    "time_to_close",
    "waiting_interval",
    "wilson",
    "xmr",
]
