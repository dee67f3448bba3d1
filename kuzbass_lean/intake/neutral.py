"""Cells that a spreadsheet would run: neutralised on the way out, restored on the way in."""

from __future__ import annotations

import re

import pandas as pd

_RISKY = re.compile(r"'*[=+\-@\t\r]")


def neutralise(text: str) -> str:
    """Return the text with an apostrophe before it if a spreadsheet could take it for a formula.

    Text that already begins with apostrophes before such a character gets one more, so that
    ``restore`` is exact.
    """
    return f"'{text}" if _RISKY.match(text) else text


def neutralised(cells: pd.Series) -> pd.Series:
    """Return a column of text with ``neutralise`` applied to each cell; a missing one stays missing."""
    risky = cells.str.match(_RISKY.pattern).fillna(False).astype("bool")
    return cells.mask(risky, "'" + cells)


def restore(text: str) -> str:
    """Return the text as it was before ``neutralise``."""
    return text[1:] if text.startswith("'") and _RISKY.match(text) else text
