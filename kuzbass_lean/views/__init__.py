"""What each report says: metrics and levels of a scope, put into blocks of a page.

A view takes a registry (or its slice) and a date, computes with ``metrics``, ``maturity`` and
``published``, and says the result with ``wording``; sentences and tables share their values.
"""

from kuzbass_lean.views.ahead import forecast, next_steps, smallest_steps, standing, steps
from kuzbass_lean.views.deck import deck
from kuzbass_lean.views.flows import streams
from kuzbass_lean.views.levels import ladder, profile, rules
from kuzbass_lean.views.passport import passport, passport_measures
from kuzbass_lean.views.portfolio import (
    directions_by_municipality,
    overdue,
    portfolio,
    territories,
    units,
)
from kuzbass_lean.views.proof import (
    comparison,
    control_charts,
    grade_legend,
    grades,
    measured,
)
from kuzbass_lean.views.reference import (
    method,
    reconciled,
    reconciliation,
    relations,
    sector_reconciliation,
    slides,
)
from kuzbass_lean.views.replicas import adopters, candidates, replication
from kuzbass_lean.views.results import effects, improvements
from kuzbass_lean.views.summary import (
    as_at,
    first_screen,
    provenance,
    report_date,
    sector_profile,
    way_up,
)
from kuzbass_lean.views.waiting import ageing, time_to_close

__all__ = [
    "adopters",
    "ageing",
    "as_at",
    "candidates",
    "comparison",
    "control_charts",
    "deck",
    "directions_by_municipality",
    "effects",
    "first_screen",
    "forecast",
    "grade_legend",
    "grades",
    "improvements",
    "ladder",
    "measured",
    "method",
    "next_steps",
    "overdue",
    "passport",
    "passport_measures",
    "portfolio",
    "profile",
    "provenance",
    "reconciled",
    "reconciliation",
    "relations",
    "replication",
    "report_date",
    "rules",
    "sector_profile",
    "sector_reconciliation",
    "slides",
    "smallest_steps",
    "standing",
    "steps",
    "streams",
    "territories",
    "time_to_close",
    "units",
    "way_up",
]
