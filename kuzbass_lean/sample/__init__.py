"""A registry for demonstration: the deck's real rows, and synthetic rows that say so."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kuzbass_lean import schema
from kuzbass_lean.errors import UsageError
from kuzbass_lean.sample.bundled import bundled
from kuzbass_lean.sample.scaled import scaled

PROJECTS, MUNICIPALITIES, SEED = 288, 34, 2019


def generate(
    projects: int = PROJECTS, municipalities: int = MUNICIPALITIES, seed: int = SEED
) -> dict[str, pd.DataFrame]:
    """Return the tables of a sample registry; the same arguments give the same rows.

    With the defaults it holds the deck's real projects and institutions among synthetic rows
    whose totals reproduce the published ones; any other size is synthetic throughout.

    Raises
    ------
    UsageError
        Fewer than one project or municipality is asked for.
    """
    if projects < 1 or municipalities < 1:
        raise UsageError("a sample needs at least one project and one municipality")
    if (projects, municipalities) == (PROJECTS, MUNICIPALITIES):
        tables = bundled(seed)
    else:
        tables = scaled(projects, municipalities, seed)
    return {name: tables[name] for name in schema.TABLES if name in tables}


def write(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write the tables as CSV: UTF-8, LF, ISO dates, columns in the schema's order."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        ordered = frame.reindex(columns=list(schema.columns(name)))
        flags = [c for c, dtype in schema.dtypes(name).items() if dtype == schema.FLAG]
        shown = ordered.assign(**{flag: ordered[flag].map({True: "true", False: "false"}) for flag in flags})
        text = shown.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n")
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")


__all__ = ["generate", "write"]
