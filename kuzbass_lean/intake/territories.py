"""Whose workbook is whose: which territories have not sent theirs.

Offices send one workbook a municipality. A workbook is a territory's if its file is named after
it, or else if all its organisations sit there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from pathlib import PurePosixPath

import pandas as pd

from kuzbass_lean import catalogue, spelling
from kuzbass_lean.intake.reading import Reading


def absent(readings: Mapping[str, Sequence[Reading]], tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Return the territories whose workbook is not among several, by key with their titles.

    Where no two workbooks are a territory's the source is not kept by territory: none is absent.

    Parameters
    ----------
    readings
        The sheets by table, typed.
    tables
        The accepted rows; own territories among them take the catalogue's place.
    """
    titles = _titles(tables.get("municipalities"))
    places: dict[str, set[str]] = {}
    for table, sheets in readings.items():
        for sheet in sheets:
            found = places.setdefault(sheet.file, set())
            if table == "organizations" and "municipality_id" in sheet.frame:
                found |= {*sheet.frame["municipality_id"].dropna()}
    known = spellings(titles)
    arrived = {_owner(file, found, titles, known) for file, found in places.items()} - {None}
    return {key: title for key, title in titles.items() if key not in arrived} if len(arrived) > 1 else {}


def _titles(own: pd.DataFrame | None) -> dict[str, str]:
    if own is not None:
        return dict(zip(own["municipality_id"], own["name"], strict=True))
    return {entry.key: entry.title for entry in catalogue.municipalities()}


def _owner(file: str, places: Set[str], titles: Mapping[str, str], known: Mapping[str, str]) -> str | None:
    named = named_after(file, known)
    return named or (next(iter(places)) if len(places) == 1 and places <= set(titles) else None)


def spellings(titles: Mapping[str, str]) -> dict[str, str]:
    """Return the ways that territories, by key with their titles, are written in names of files."""
    known = {spelling.plain(text): key for key, title in titles.items() for text in (key, title)}
    variants = spelling.vocabulary("municipality").variants
    return known | {text: key for text, key in variants.items() if key in titles}


def named_after(file: str, known: Mapping[str, str]) -> str | None:
    """Return the territory that a file's name surely means, whatever else stands in the name.

    «Реестр Кемеровский район 2019.xlsx» is the district's; a name with two territories is nobody's.

    Parameters
    ----------
    known
        The territories by their ``spellings``.
    """
    name = f" {spelling.plain(re.sub(r'[_()]', ' ', PurePosixPath(file).stem))} "
    fits = [text for text in known if f" {text} " in name]
    keys = {known[text] for text in fits if not any(text in other and text != other for other in fits)}
    return keys.pop() if len(keys) == 1 else None
