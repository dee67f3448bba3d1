"""Reports to make and what came of them; light to import, for who has them made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from kuzbass_lean.press.plan import ReportSpec

MAKE = "kuzbass_lean.press.report:make"
"""Who makes a ``Work``; named, and loaded where it is called."""

MAKE_PACKED = "kuzbass_lean.press.report:make_packed"
"""Who makes a pickled ``Work``."""


@dataclass(frozen=True, slots=True)
class Work:
    """A report to make: what, into which notebook file (its pages go beside it), and how.

    ``before`` holds the figures that its page is compared with, as ``since.earlier`` gives them.
    """

    spec: ReportSpec
    path: Path
    engine: str
    cell_timeout: int
    pdf: bool = False
    before: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a notebook stopped: the cell (from 1; None before the first) and the error in one line."""

    cell: int | None
    error: str

    def __str__(self) -> str:
        place = f"cell {self.cell}: " if self.cell else ""
        return f"{place}{self.error}"


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a report: its title, or why it failed."""

    title: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class ReportResult:
    """What became of one report: ``built``, ``unchanged`` or ``failed``."""

    id: str
    kind: str
    status: str
    seconds: float
    error: str = ""
    title: str = ""
