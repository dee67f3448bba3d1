"""The model «Эффективный регион»: levels of nine directions, three-valued.

Rules are data (``data/maturity.yaml``). A verdict is met, not met or unknown, with the counts
behind it; a level needs all lower ones; nothing is decided by binary floating point.
"""

from kuzbass_lean.maturity.changes import Change, hypothetical, what_if
from kuzbass_lean.maturity.lacking import UnitStep
from kuzbass_lean.maturity.model import LEVELS, Direction, Model, load_model
from kuzbass_lean.maturity.profile import DirectionScore, Profile, Rule
from kuzbass_lean.maturity.scoring import score, score_local, threshold
from kuzbass_lean.maturity.steps import NextStep, next_steps

__all__ = [
    "LEVELS",
    "Change",
    "Direction",
    "DirectionScore",
    "Model",
    "NextStep",
    "Profile",
    "Rule",
    "UnitStep",
    "hypothetical",
    "load_model",
    "next_steps",
    "score",
    "score_local",
    "threshold",
    "what_if",
]
