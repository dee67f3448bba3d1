"""How values show themselves in a notebook: a small table in place of a long line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from fractions import Fraction
from html import escape
from typing import Any

import pandas as pd

_LONGEST = 120
"""Characters of a value that a cell shows."""


class Shown:
    """A result that shows itself in JupyterLab as a table: its fields, then what it works out.

    Examples
    --------
    >>> from kuzbass_lean import metrics
    >>> half = metrics.Ratio(numerator=1, denominator=2)
    >>> "<th>percent</th><td>50</td>" in half._repr_html_()
    True
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        kind = type(self)
        named: list[str] = [one.name for one in fields(self)] if is_dataclass(self) else []
        derived = [name for name, value in vars(kind).items() if isinstance(value, property)]
        names = [name for name in (*named, *derived) if not name.startswith("_")]
        return table(kind.__name__, (), [(name, getattr(self, name)) for name in names])


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return an HTML table; the first cell of a row is its heading, every text is escaped.

    Examples
    --------
    >>> table("Counts", (), [("read", 3)])
    '<table><caption>Counts</caption><tbody><tr><th>read</th><td>3</td></tr></tbody></table>'
    """
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = [
        f"<tr><th>{_said(first)}</th>{''.join(f'<td>{_said(cell)}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    ]
    heading = f"<thead><tr>{top}</tr></thead>" if head else ""
    return f"<table><caption>{escape(caption)}</caption>{heading}<tbody>{''.join(lines)}</tbody></table>"


def _said(value: Any) -> str:
    """Say a value in one short escaped line; what is not known stays ``None``."""
    if isinstance(value, pd.DataFrame):
        text = f"{len(value)} rows: {', '.join(map(str, value.columns))}"
    elif isinstance(value, float | Fraction):
        text = f"{float(value):.6g}"
    elif isinstance(value, tuple) and value and all(is_dataclass(part) for part in value):
        text = f"{len(value)} × {type(value[0]).__name__}"
    else:
        text = str(value)
    return escape(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")
