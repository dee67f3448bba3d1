"""The model «Эффективный регион»: levels of nine directions, three-valued.

Rules are data (``data/maturity.yaml``). A verdict is met, not met or unknown, with the counts
behind it; a level needs all lower ones; nothing is decided by binary floating point.
"""

from kuzbass_lean.maturity.model import LEVELS, Direction, Model, load_model
from kuzbass_lean.maturity.scoring import DirectionScore, Profile, Rule, score, score_local, threshold

__all__ = [
    "LEVELS",
    "Direction",
    "DirectionScore",
    "Model",
    "Profile",
    "Rule",
    "load_model",
    "score",
    "score_local",
    "threshold",
]
