"""How people write what the registry means: labels, synonyms, headers, sheet names.

A text is understood in three ways: as it is prescribed (a key or its Russian label), as a
known variant of that, which is a repair to be recorded, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute as pc

from kuzbass_lean import catalogue, schema
from kuzbass_lean.packaged import document

plain = catalogue.plain

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_SPACES = re.compile(r"[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
UNTIDY = rf"[{_INVISIBLE}\u00a0\u2000-\u200a\u202f\u205f\u3000]|^\s|\s$"
"""A pattern that finds what ``tidy`` would change."""


def words() -> dict[str, Any]:
    """Return the vocabulary of the office's workbook, ``data/workbook.yaml``."""
    return document("workbook.yaml")


def tidy(text: str) -> str:
    """Return the text without invisible characters, odd spaces and spaces at its ends."""
    return _SPACES.sub(" ", text.translate(dict.fromkeys(map(ord, _INVISIBLE)))).strip()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Keys with their labels, and the ways they are written.

    ``exact`` maps prescribed texts to keys, ``variants`` folded ones (see ``plain``).
    """

    labels: Mapping[str, str]
    exact: Mapping[str, str]
    variants: Mapping[str, str]

    def label(self, key: str) -> str:
        """Return what to write for a key so that it reads back as the same key."""
        said = self.labels.get(key, key)
        return said if self.exact.get(said) == key else key

    def find(self, text: str) -> str | None:
        """Return the key that a text not prescribed surely means, or None."""
        return self.variants.get(plain(text))


@cache
def vocabulary(group: str) -> Vocabulary:
    """Return the vocabulary of a group of ``labels.yaml``, of the units, or of a catalogue."""
    labels = _labels(group)
    synonyms: dict[str, list[str]] = words()["values"].get(group, {})
    exact: dict[str, str] = {key: key for key in labels}
    for key, label in labels.items():
        exact.setdefault(label, key)
    written = [(plain(text), key) for text, key in exact.items()]
    written += [(plain(text), key) for key, also in synonyms.items() for text in also]
    if group == "municipality":
        written += [(plain(a), m.key) for m in catalogue.municipalities() for a in m.aliases]
    if group == "typical":
        written += [(plain(entry.title), entry.key) for entry in catalogue.typical_projects()]
    return Vocabulary(labels, exact, _unique(written))


def _labels(group: str) -> dict[str, str]:
    match group:
        case "municipality":
            return {entry.key: entry.title for entry in catalogue.municipalities()}
        case "sector":
            return {entry.key: entry.title for entry in catalogue.sectors()}
        case "direction":
            return {entry.key: entry.title for entry in catalogue.municipal_directions()}
        case "typical":
            return {entry.key: f"{entry.key}: {entry.title}" for entry in catalogue.typical_projects()}
        case "unit":
            return {key: entry["short"] for key, entry in document("labels.yaml")["units"].items()}
    return {str(key): str(label) for key, label in document("labels.yaml")["labels"][group].items()}


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Texts that mean one key; what could mean two is left out."""
    found: dict[str, str] = {}
    doubtful = set()
    for text, key in pairs:
        if found.setdefault(text, key) != key:
            doubtful.add(text)
    return {text: key for text, key in found.items() if text not in doubtful}


@cache
def flags() -> dict[str, str]:
    """Return the words for yes and no, folded, as ``true`` and ``false``."""
    return {plain(str(text)) or str(text): answer for answer in ("true", "false") for text in words()[answer]}


@cache
def missing() -> frozenset[str]:
    """Return the words for nothing, folded."""
    return frozenset(plain(str(text)) for text in words()["missing"])


def means_nothing(text: str) -> bool:
    """Return whether the text only says that there is nothing, e.g. a dash."""
    return text[:1].casefold() in _beginnings() and plain(text) in missing()


def doubtful(texts: pd.Series) -> pd.Series:
    """Return which texts ``tidy`` could change or could only say that there is nothing.

    Those are few, and only they are worth looking at one by one.
    """
    found = pc.match_substring_regex(pa.array(texts), _doubtful())
    return pd.Series(np.asarray(found.fill_null(False)), index=texts.index)


@cache
def _doubtful() -> str:
    """A pattern (RE2) of odd or outer spaces and invisible signs, and of texts made of nothing's letters."""
    letters = {*"".join(missing()), *_FOLDED, "ё"}
    return r"^ | $|\pC|[^\PZ ]|(?i:^[" + "".join(map(re.escape, sorted(letters))) + r"\s]*$)"


_FOLDED = " .,«»\"'‐‑‒–—―−"
"""Signs that ``plain`` folds."""


@cache
def _beginnings() -> frozenset[str]:
    """First letters of words for nothing and signs that are folded: most texts end here."""
    return frozenset(word[0] for word in missing()) | frozenset(_FOLDED)


@cache
def _headers(table: str) -> tuple[dict[str, str], dict[str, str]]:
    columns = schema.columns(table)
    exact = {text: name for name, column in columns.items() for text in (name, str(column.title))}
    own, common = words()["headers"].get(table, {}), words()["headers"]["*"]
    found = {plain(text): name for text, name in exact.items()}
    for synonyms in (own, common):
        for name, texts in synonyms.items():
            for text in texts:
                if name in columns:
                    found.setdefault(plain(str(text)), name)
    return exact, found


def header(table: str, text: str) -> tuple[str, bool] | None:
    """Return the column that a header cell names and whether it is the prescribed header.

    The mark of a required column does not count. None where no column is meant.
    """
    exact, variants = _headers(table)
    bare = text.removesuffix(words()["required_mark"])
    if bare in exact:
        return exact[bare], True
    found = variants.get(plain(text.replace("*", " ").replace("\n", " ")))
    return (found, False) if found else None


def written_header(table: str, column: str) -> str:
    """Return the header of a column in our workbook: its Russian title, marked if required."""
    described = schema.columns(table)[column]
    return str(described.title) + (words()["required_mark"] if described.required else "")


def sheet(table: str) -> str:
    """Return the name of a table's sheet in our workbook."""
    name: str = words()["sheets"][table]["name"]
    return name


def table_of(name: str) -> tuple[str, bool] | None:
    """Return the table that a sheet's name means and whether it is the prescribed name."""
    for table in schema.TABLES:
        if name in (table, sheet(table)):
            return table, True
    folded = plain(tidy(name))
    for table in schema.TABLES:
        entry = words()["sheets"][table]
        known = (table, entry["name"], schema.TABLES[table].title, *entry["also"])
        if folded in {plain(str(text)) for text in known}:
            return table, False
    return None
