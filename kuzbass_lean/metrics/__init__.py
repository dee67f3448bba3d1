"""The programme's metrics: frames in, new frames or frozen values out.

Nothing here changes its arguments, reads a file or asks the clock: the report date is
always an argument. A missing input gives ``None`` or a missing value, never zero.
Intervals, control charts and survival curves are in ``evidence``, levels in ``maturity``.
"""

from kuzbass_lean.metrics.change import (
    Attainment,
    Change,
    attainment,
    change,
)
from kuzbass_lean.metrics.criteria import current_answers
from kuzbass_lean.metrics.events import first_realised, realised_days, switch_days
from kuzbass_lean.metrics.flow import ValueStream, value_stream
from kuzbass_lean.metrics.improvements import improvements, lead_time_cut
from kuzbass_lean.metrics.portfolio import (
    Portfolio,
    ageing,
    as_at,
    by,
    durations,
    overdue,
    portfolio,
    replication,
)
from kuzbass_lean.metrics.replicating import adoptions, replication_candidates, replication_table
from kuzbass_lean.metrics.results import (
    capacity_hours,
    effect_totals,
    plans_totals,
    standards_count,
    stream,
    takt,
)
from kuzbass_lean.metrics.shares import (
    Concentration,
    closed_bounds,
    closed_range,
    closed_share,
    concentration,
    implemented_share,
    realised_share,
    solved_share,
)
from kuzbass_lean.metrics.units import (
    by_unit,
    coverage,
    covered_units,
    criteria_share,
    frame_units,
)
from kuzbass_lean.metrics.values import Bounds, CountBounds, Ratio, Value
from kuzbass_lean.metrics.waiting import LeftTruncation, ageing_list, left_truncation

__all__ = [
    "Attainment",
    "Bounds",
    "Change",
    "Concentration",
    "CountBounds",
    "LeftTruncation",
    "Portfolio",
    "Ratio",
    "Value",
    "ValueStream",
    "adoptions",
    "ageing",
    "ageing_list",
    "as_at",
    "attainment",
    "by",
    "by_unit",
    "capacity_hours",
    "change",
    "closed_bounds",
    "closed_range",
    "closed_share",
    "concentration",
    "coverage",
    "covered_units",
    "criteria_share",
    "current_answers",
    "durations",
    "effect_totals",
    "first_realised",
    "frame_units",
    "implemented_share",
    "improvements",
    "lead_time_cut",
    "left_truncation",
    "overdue",
    "plans_totals",
    "portfolio",
    "realised_days",
    "realised_share",
    "replication",
    "replication_candidates",
    "replication_table",
    "solved_share",
    "standards_count",
    "stream",
    "switch_days",
    "takt",
    "value_stream",
]
