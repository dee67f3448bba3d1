"""One report, from its parameters to its files: the work of one process."""

from __future__ import annotations

import hashlib
import pickle
import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from kuzbass_lean.errors import LeanError
from kuzbass_lean.press import convert, outputs, paper
from kuzbass_lean.press.engine import execute
from kuzbass_lean.press.work import Failure, Made, Work


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
        work.path.with_suffix(".pdf").write_bytes(paper.to_pdf(html))
    return Made(outputs.first_heading(notebook))


def make_packed(packed: bytes, notebook: Path, path: Path) -> bytes:
    """Make a report that was asked for on another machine; both it and what was made are pickled.

    Parameters
    ----------
    packed
        A ``Work``.
    notebook, path
        Where its notebook is on this machine, and into which file to execute it.
    """
    work: Work = pickle.loads(packed)
    return pickle.dumps(make(replace(work, spec=replace(work.spec, notebook=notebook), path=path)))


def _seed(text: str) -> None:
    """Forks share one random state: give each report its own, the same in every build."""
    digest = hashlib.sha256(text.encode()).digest()
    random.seed(digest)
    np.random.seed(int.from_bytes(digest[:4], "big"))  # noqa: NPY002
