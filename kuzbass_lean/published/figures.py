"""The published figures as they stand in the deck, blanks and ambiguities included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from kuzbass_lean.display import Shown
from kuzbass_lean.errors import UnknownNameError
from kuzbass_lean.nearest import nearest
from kuzbass_lean.packaged import document

Value = int | float | str | tuple[int | float, ...] | Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class PublishedFigure(Shown):
    """One published figure.

    ``value`` is a number, a text, a range or list of numbers, a pair X/Y, or None where the
    source has a blank or a picture (``missing`` says which). ``line`` is the line of the
    deck's text, None where the wording is not placed. ``note`` holds what the source leaves open.
    """

    id: str
    slide: str
    quantity: str
    value: Value
    unit: str
    kind: str
    line: int | tuple[int, ...] | None
    better: str = ""
    qualifier: str = ""
    statistic: str = ""
    legend: str = ""
    missing: str = ""
    note: str = ""
    ambiguous: bool = False

    @property
    def number(self) -> float | None:
        """The value if it is one number, else None."""
        return float(self.value) if isinstance(self.value, int | float) else None


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """What the source cannot decide, and how it is handled here."""

    id: str
    what: str
    handling: str


@cache
def figures() -> tuple[PublishedFigure, ...]:
    """Return all 290 published figures, in the deck's order.

    Examples
    --------
    >>> len(kl.published.figures())
    290
    """
    return tuple(
        PublishedFigure(**{**row, "value": _frozen(row["value"]), "line": _frozen(row["line"])})
        for row in read()["figures"]
    )


def figure(name: str) -> PublishedFigure:
    """Return one figure by its id.

    Raises
    ------
    UnknownNameError
        There is no such figure; the nearest ids are named.

    Examples
    --------
    >>> name = kl.published.figures()[0].id
    >>> kl.published.figure(name) == kl.published.figures()[0]
    True
    """
    known = by_id()
    if name not in known:
        raise UnknownNameError("published figure", name, nearest(name, tuple(known)))
    return known[name]


@cache
def by_id() -> Mapping[str, PublishedFigure]:
    """Return the figures by id."""
    return {entry.id: entry for entry in figures()}


@cache
def ambiguities() -> tuple[Ambiguity, ...]:
    """Return what the text of the deck cannot decide.

    Examples
    --------
    >>> len(kl.published.ambiguities()) > 0
    True
    """
    return tuple(Ambiguity(**row) for row in read()["ambiguities"])


def read() -> dict[str, Any]:
    """Return the whole of ``published.yaml``."""
    return document("published.yaml")


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
