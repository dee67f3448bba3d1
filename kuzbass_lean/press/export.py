"""Tables for others to read: text that a spreadsheet would run as a formula is made plain."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def neutral(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with text cells that a spreadsheet would run as a formula made plain text."""
    texts = [name for name, dtype in frame.dtypes.items() if dtype == "str"]
    return frame.assign(**{str(name): _plain(frame[name]) for name in texts})


def _plain(cells: pd.Series) -> pd.Series:
    risky = cells.str.startswith(_FORMULA_STARTS).fillna(False).astype("bool")
    return cells.mask(risky, "'" + cells)


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame as CSV, the same bytes everywhere."""
    path.write_text(neutral(frame).to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="")
