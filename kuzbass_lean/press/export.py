"""Tables for others to read: text that a spreadsheet would run as a formula is made plain."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kuzbass_lean.intake import neutralised


def neutral(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with text cells that a spreadsheet would run as a formula made plain text."""
    texts = [name for name, dtype in frame.dtypes.items() if dtype == "str"]
    return frame.assign(**{str(name): neutralised(frame[name]) for name in texts})


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame as CSV, the same bytes everywhere."""
    path.write_text(neutral(frame).to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="")
