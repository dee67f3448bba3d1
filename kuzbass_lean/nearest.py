"""«Did you mean»: the known names nearest to a mistyped one."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz, process


def nearest(text: str, choices: Sequence[str], limit: int = 3) -> tuple[str, ...]:
    """Return up to ``limit`` of the choices that resemble the text, best first.

    Nothing is returned where nothing resembles it: a wild guess is worse than none.
    """
    found = process.extract(text, choices, scorer=fuzz.WRatio, limit=limit, score_cutoff=60)
    return tuple(choice for choice, _, _ in found)
