"""One report, from its parameters to its files: the work of one process."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from kuzbass_lean.errors import LeanError
from kuzbass_lean.press import convert
from kuzbass_lean.press.engine import Failure, bury, execute
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.press.pool import Outcome


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
class Made:
    """What came of a report: its title, or why it failed."""

    title: str = ""
    failure: Failure | None = None


@cache
def exporter() -> convert.ReportExporter:
    """Return the exporter of this process; its templates are read once."""
    # The notebook is whole already; each preprocessor would copy and check it again.
    return convert.ReportExporter(default_preprocessors=[])


def make(work: Work) -> Made:
    """Execute a report's notebook and write its pages, if every cell ran."""
    _seed(work.spec.id)
    notebook, failure = execute(work.spec, work.path, work.cell_timeout, work.engine)
    if failure is not None:
        return Made(failure=failure)
    try:
        html = convert.to_html(exporter(), notebook, work.before)
    except LeanError as error:
        return Made(failure=Failure(None, str(error)))
    work.path.with_suffix(".html").write_text(html, encoding="utf-8", newline="")
    if work.pdf:
        work.path.with_suffix(".pdf").write_bytes(convert.to_pdf(html))
    return Made(convert.first_heading(notebook))


def conclude(work: Work, outcome: Outcome) -> Made:
    """Return what a report's process made; if it died, write that into the partial notebook."""
    if outcome.died:
        return Made(failure=bury(work.spec, work.path, outcome.died))
    made: Made = outcome.value
    return made


def _seed(text: str) -> None:
    """Forks share one random state: give each report its own, the same in every build."""
    digest = hashlib.sha256(text.encode()).digest()
    random.seed(digest)
    np.random.seed(int.from_bytes(digest[:4], "big"))  # noqa: NPY002
