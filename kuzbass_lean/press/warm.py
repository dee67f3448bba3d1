"""What the nursery loads once, so that no report has to: libraries, fonts, template, registry.

Nothing here may start a thread or an event loop: the processes of all reports are forks of this one.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from datetime import date
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from kuzbass_lean import blocks, intake, maturity, published, views, wording
from kuzbass_lean.press import convert, pool, report
from kuzbass_lean.press.paper import require_pdf
from kuzbass_lean.views import shared

MODULES = (
    "kuzbass_lean.views",
    "kuzbass_lean.evidence",
    "kuzbass_lean.charts",
    "great_tables",
    "ipykernel.debugger",
    "IPython.core.application",
    "IPython.core.completerlib",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_svg",
    "scipy.stats",
    "seaborn",
    "sqlite3",
    "statsmodels.duration.survfunc",
    "statsmodels.stats.proportion",
    "tornado.platform.asyncio",
)
"""What the library, the kernel and IPython import at first use."""


def main(descriptor: int, engine: str, pdf: bool, as_of: str = "") -> None:
    """Run the nursery: load everything, then serve the build at the other end of the socket."""
    if sys.path[0] == "":
        del sys.path[0]  # left by ``python -c``; a kernel does not have it there
    control = Connection(descriptor)
    preload(engine, pdf)
    prepare = partial(hold, as_of) if engine == "warm" else lambda: None
    prepare()
    pool.serve(control, prepare)


def preload(engine: str, pdf: bool) -> None:
    """Load what the reports of one build share, draw and convert once, and freeze it."""
    convert.to_html(report.exporter(), _page())
    if pdf:
        require_pdf()
    if engine == "warm":
        from kuzbass_lean.press import direct

        for name in MODULES:
            importlib.import_module(name)
        _draw()
        _rehearse()
        direct.kernel()
    gc.collect()
    gc.freeze()


def hold(as_of: str) -> None:
    """Read the stored registry, for ``intake.read`` to give to every process forked from this one.

    Raises
    ------
    UsageError
        The variable KUZBASS_LEAN_DATA names a folder that holds no stored registry.
    """
    folder = os.environ.get(intake.DATA_VARIABLE, "")
    if folder:
        registry = intake.restore(Path(folder))
        # Computed once here, these are shared by all; computed there, by none.
        _ = registry.digest, registry.as_of, registry.municipalities, registry.project_units()
        if as_of or registry.as_of:
            shared.prepare(registry, views.report_date(registry, as_of))
        intake.held[folder] = registry
        gc.collect()
        gc.freeze()


def _page() -> Any:
    import nbformat
    import pandas as pd

    from kuzbass_lean import figures

    html = f"<h1>1</h1>{pd.DataFrame({'a': ['1'], 'b': [1.5]}).to_html()}"
    shown = figures.dump([figures.Figure("1", "1", 1.0, "1", "day", "time_to_close")])
    data = {"text/html": html, "text/plain": "1", figures.FIGURES_MIME: shown}
    output = nbformat.v4.new_output("execute_result", data=data)
    cells = [nbformat.v4.new_markdown_cell("## 1"), nbformat.v4.new_code_cell("1", outputs=[output])]
    return nbformat.v4.new_notebook(cells=cells)


def _rehearse() -> None:
    """Read what the library reads at first use: its templates, rules, figures and number formats."""
    from kuzbass_lean import charts, evidence
    from kuzbass_lean.figures import Figure

    blocks.header(wording.number(1.5), "1", date(2020, 1, 1), "1")
    blocks.table("1", [blocks.Column("1"), blocks.Column("2", True)], [("1", "2")])
    found = evidence.time_to_close([1.0, 2.0], [True, True])
    median = Figure("1", "1", found.median, "1", "day", "time_to_close")
    charts.survival(found.survival, median, ("1", "2"), "3", "1")
    maturity.load_model()
    published.figures()


def _draw() -> None:
    """Draw without pyplot, which would settle on its backend before there is a kernel to draw for."""
    from matplotlib.figure import Figure

    for kind in ("png", "svg"):
        figure = Figure()
        figure.add_subplot().plot([0, 1], label="1")
        figure.legend()
        figure.savefig(io.BytesIO(), format=kind)
