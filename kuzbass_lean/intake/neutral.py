"""Cells that a spreadsheet would run: neutralised on the way out, restored on the way in."""

from __future__ import annotations

import re

_RISKY = re.compile(r"'*[=+\-@\t\r]")


def neutralise(text: str) -> str:
    """Return the text with an apostrophe before it if a spreadsheet could take it for a formula.

    Text that already begins with apostrophes before such a character gets one more, so that
    ``restore`` is exact.
    """
    return f"'{text}" if _RISKY.match(text) else text


def restore(text: str) -> str:
    """Return the text as it was before ``neutralise``."""
    return text[1:] if text.startswith("'") and _RISKY.match(text) else text
