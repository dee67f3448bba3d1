"""The words of the reports, from ``data/labels.yaml``: labels, phrases, formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kuzbass_lean.errors import UnknownNameError
from kuzbass_lean.nearest import nearest
from kuzbass_lean.packaged import document


@dataclass(frozen=True, slots=True)
class Formula:
    """How a number is computed, in words; a change of the formula raises the version."""

    text: str
    version: int


def formulas() -> Mapping[str, Formula]:
    """Return the formula of every metric by its name.

    Examples
    --------
    >>> "overdue" in kl.wording.formulas()
    True
    """
    return {name: Formula(row["text"], row["version"]) for name, row in words()["formulas"].items()}


def formula(name: str) -> Formula:
    """Return the formula of one metric.

    Raises
    ------
    UnknownNameError
        If there is no formula of this name.

    Examples
    --------
    >>> kl.wording.formula("overdue").version
    1
    """
    row = entry("formulas", "formula", name)
    return Formula(row["text"], row["version"])


def phrase(name: str, *parts: str) -> str:
    """Return a phrase with its parts filled in.

    Raises
    ------
    UnknownNameError
        If there is no phrase of this name.

    Examples
    --------
    >>> kl.wording.phrase("up_to", "5")
    'до 5'
    """
    return str(entry("phrases", "phrase", name)).format(*parts)


def label(group: str, key: object) -> str:
    """Return the Russian label of a value, e.g. ``label("status", "closed")``.

    A missing value reads «нет данных». In groups that the registry leaves to the office's own
    words (source, waste, kinds of effect …) an unknown value is returned as it is.

    Raises
    ------
    UnknownNameError
        If there is no such group, or no such value in a closed group.

    Examples
    --------
    >>> kl.wording.label("status", "closed")
    'закрыт'
    """
    labels = entry("labels", "label group", group)
    text = "null" if absent(key) else str(key).lower() if isinstance(key, bool) else str(key)
    if text in labels:
        return str(labels[text])
    if text == "null":
        return phrase("missing")
    if group in words()["free"]:
        return text
    raise UnknownNameError(group, text, nearest(text, list(labels)))


def join(items: Sequence[str]) -> str:
    """Return a list in a sentence: «а, б и в».

    Examples
    --------
    >>> kl.wording.join(["а", "б", "в"])
    'а, б и в'
    """
    *first, last = items or ("",)
    return f"{', '.join(first)} {phrase('and')} {last}" if first else last


def entry(section: str, kind: str, name: str) -> Any:
    """Return what a section of ``labels.yaml`` holds under a name.

    Raises
    ------
    UnknownNameError
        If it holds nothing under this name; ``kind`` says in the message what was looked up.
    """
    entries = words()[section]
    if name not in entries:
        raise UnknownNameError(kind, name, nearest(name, list(entries)))
    return entries[name]


def absent(cell: Any) -> bool:
    """Return whether a value is missing: ``None``, NaN, NaT or pandas' NA."""
    return bool(pd.isna(cell))


def words() -> dict[str, Any]:
    """Return the whole of ``labels.yaml``, read once."""
    return document("labels.yaml")
