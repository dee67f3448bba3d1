"""The bundled sample: published rows of the deck and the synthetic rows around them."""

from __future__ import annotations

import pandas as pd

from kuzbass_lean.sample.deck import add_deck
from kuzbass_lean.sample.portfolio import (
    add_organizations,
    add_participants,
    add_projects,
    add_replications,
)
from kuzbass_lean.sample.results import add_results
from kuzbass_lean.sample.rows import Rows
from kuzbass_lean.sample.units import add_units


def bundled(seed: int) -> dict[str, pd.DataFrame]:
    """Return the tables of the bundled sample."""
    rows = Rows(seed)
    add_deck(rows)
    add_organizations(rows)
    add_projects(rows)
    add_replications(rows)
    add_participants(rows)
    add_results(rows)
    add_units(rows)
    return rows.frames()
