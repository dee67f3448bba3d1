"""The programme's own published figures: what they say, how they hold together, how a registry agrees."""

from kuzbass_lean.published.figures import Ambiguity, PublishedFigure, ambiguities, figure, figures
from kuzbass_lean.published.reconciliation import behind, departures, reconcile
from kuzbass_lean.published.relations import Relation, relations

__all__ = [
    "Ambiguity",
    "PublishedFigure",
    "Relation",
    "ambiguities",
    "behind",
    "departures",
    "figure",
    "figures",
    "reconcile",
    "relations",
]
