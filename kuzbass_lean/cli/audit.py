"""Commands for auditors: verify, diff."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kuzbass_lean.cli.base import (
    DataOption,
    JsonOption,
    NotebooksOption,
    OnlyOption,
    app,
    harmless,
    progress,
    say_json,
    show_table,
    stdout,
)

if TYPE_CHECKING:
    from kuzbass_lean.press.verify import Difference, Verification

_WIDE, _MOST_ROWS = 140, 50
"""Columns of a table where the terminal has fewer; revised rows that are named."""


@app.command()
def verify(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of a built site.")],
    only: OnlyOption = None,
    notebooks: NotebooksOption = Path("notebooks"),
    data: DataOption = "",
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=0, help="Reports at a time; 0: every core.")
    ] = 0,
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", metavar="X", min=0, max=0.01, help="Of numbers, relative; 0: exact."),
    ] = 0.0,
    as_json: JsonOption = False,
) -> None:
    """Build a published site again from what it recorded, with cold kernels, and compare."""
    from kuzbass_lean.press import verify as verification
    from kuzbass_lean.press.claim import Claim
    from kuzbass_lean.press.rebuild import VerifyOptions

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    options = VerifyOptions(out, notebooks, tuple(only or ()), data, jobs or cores, tolerance)
    chosen = Claim.read(out, options.only).chosen
    with progress(len(chosen), quiet=as_json) as advance:
        found = verification.verify(options, lambda result: advance())
    if as_json:
        say_json(asdict(found))
    else:
        _tell(found)
    if not found.good:
        raise typer.Exit(1)


def _tell(found: Verification) -> None:
    for report in found.reports:
        _line(f"{report.verdict.upper():8}{report.id}")
        _show(report.differences)
        for what in report.missing:
            _line(f"        missing: {what}")
    if found.files:
        _line("files of the site:")
        _show(found.files)
    for name in found.unexpected:
        _line(f"unexpected: {name}")
    for note in found.notes:
        _line(f"note: this program is not the one that built the site: {note}")
    counts = Counter(report.verdict for report in found.reports)
    _line(f"{counts['match']} match, {counts['differs']} differ, {counts['cannot']} cannot be told")
    _line(f"manifest {found.manifest}: compare it with the one you were given")


def _line(text: str) -> None:
    """Print what may come from a site that anyone made."""
    stdout.print(harmless(text), markup=False, highlight=False)


def _show(differences: Iterable[Difference]) -> None:
    for each in differences:
        told = f"recorded {each.recorded or 'nothing'}, recomputed {each.recomputed or 'nothing'}"
        _line(f"        {each.file}: {each.figure}: {told} ({each.cause})")


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Folder of a built site.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Folder of another.")],
    as_json: JsonOption = False,
) -> None:
    """List the figures that differ between two sites, levels first, and the cause of each."""
    from kuzbass_lean.press import diff as comparison

    found = comparison.diff(old, new)
    reports = {"added": list(found.added), "removed": list(found.removed)}
    if as_json:
        figures = [{**asdict(change), "level": change.level} for change in found.figures]
        say_json({"figures": figures, "reports": reports, "rows": [asdict(row) for row in found.rows]})
    else:
        rows = [(c.report, c.label, c.old, c.new, c.cause, "; ".join(map(str, c.rows)))
                for c in found.figures]  # fmt: skip
        show_table(
            "Числа", ["отчёт", "что", "было", "стало", "причина", "строки"], rows, max(stdout.width, _WIDE)
        )
        for cause in dict.fromkeys(text for change in found.figures for text in change.causes):
            _line(f"cause: {cause}")
        for row in found.rows[:_MOST_ROWS]:
            _line(f"row {row}")
        for state, names in reports.items():
            for name in names:
                _line(f"report {state}: {name}")
        _line(f"{len(found.figures)} figures differ, {len(found.rows)} rows were revised")
    if found.figures or found.added or found.removed:
        raise typer.Exit(1)
