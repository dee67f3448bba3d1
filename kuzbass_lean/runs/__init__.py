"""Runs of a build: one at a time, each recorded, the site they publish always whole.

Times, durations and failures belong here and not to pages. Needs no library, so that it costs
nothing where nothing changed.
"""

from kuzbass_lean.runs.publish import Site
from kuzbass_lean.runs.record import Run, health, history, refused, unchanged

__all__ = ["Run", "Site", "health", "history", "refused", "unchanged"]
