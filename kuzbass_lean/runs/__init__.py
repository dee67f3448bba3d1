"""Runs of a build: one at a time, each recorded, the site they publish always whole.

Times, durations and failures belong here and not to pages. Needs no library, so that it costs
nothing where nothing changed.
"""

from kuzbass_lean.runs.destination import Destination
from kuzbass_lean.runs.history import health, history
from kuzbass_lean.runs.publish import Site
from kuzbass_lean.runs.run import Run, refused, unchanged

__all__ = ["Destination", "Run", "Site", "health", "history", "refused", "unchanged"]
