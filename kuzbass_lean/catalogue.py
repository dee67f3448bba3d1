"""Territories, sectors, directions and typical projects: keys, Russian names, spellings.

The key is never the name: «Кемеровский» is both a city okrug and a district.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, TypeVar

from kuzbass_lean.errors import UnknownNameError
from kuzbass_lean.nearest import nearest
from kuzbass_lean.packaged import document

_KINDS = {
    "urban_okrug": ("городской округ", "го", "округ", "город", "г"),
    "municipal_district": ("муниципальный район", "муниципальный округ", "район", "р-н", "мр", "мо"),
}
"""Words for each kind of territory, the official one first."""


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality; ``oktmo`` is the code of 2019, None where no source was found.

    ``oktmo_status`` is verified, pattern_only (inferred, not to be published as official)
    or not_found. ``valid_from`` and ``valid_to`` bound the code's validity; None is unknown.
    ``tile_row`` and ``tile_column`` place it on the hand-made tile grid, from 1.
    """

    key: str
    name: str
    kind: str
    oktmo: str | None
    oktmo_status: str
    valid_from: date | None
    valid_to: date | None
    tile_row: int
    tile_column: int
    short: str
    aliases: tuple[str, ...]

    @property
    def title(self) -> str:
        """The full name: «Кемеровский городской округ»."""
        return f"{self.name} {_KINDS[self.kind][0]}"


@dataclass(frozen=True, slots=True)
class Sector:
    """A sector and what it corresponds to: the model's direction, the municipal directions."""

    key: str
    title: str
    short: str
    maturity_direction: int | None
    municipal_directions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MunicipalDirection:
    """One of the 14 directions of municipal projects, with the figure that names it."""

    key: str
    title: str
    figure_id: str


@dataclass(frozen=True, slots=True)
class TypicalProject:
    """A typical project of a group, near-verbatim from the deck."""

    key: str
    sector: str
    group: str
    title: str
    figure_id: str


Entry = TypeVar("Entry", Municipality, Sector, MunicipalDirection, TypicalProject)


@cache
def municipalities() -> tuple[Municipality, ...]:
    """Return the 34 municipalities of 2019, in the catalogue's order.

    Examples
    --------
    >>> [entry.key for entry in kl.catalogue.municipalities()][:2]
    ['kemerovsky-okrug', 'anzhero-sudzhensky-okrug']
    """
    return tuple(
        Municipality(
            row["key"],
            row["name"],
            row["kind"],
            row["oktmo"],
            row["oktmo_status"],
            row.get("valid_from"),
            row.get("valid_to"),
            row["tile"][0],
            row["tile"][1],
            row["short"],
            _spellings(row),
        )
        for row in document("catalogue.yaml")["municipalities"]
    )


@cache
def sectors() -> tuple[Sector, ...]:
    """Return the 17 sectors: the 14 of the model, social sphere, culture and sport.

    Examples
    --------
    >>> len(kl.catalogue.sectors())
    17
    """
    return tuple(
        Sector(row["key"], row["title"], row["short"], row["maturity"], tuple(row["directions"]))
        for row in document("catalogue.yaml")["sectors"]
    )


@cache
def municipal_directions() -> tuple[MunicipalDirection, ...]:
    """Return the 14 directions of municipal projects, in the order of the published diagram.

    Examples
    --------
    >>> len(kl.catalogue.municipal_directions())
    14
    """
    return tuple(
        MunicipalDirection(row["key"], row["title"], row["figure"])
        for row in document("catalogue.yaml")["municipal_directions"]
    )


@cache
def typical_projects() -> tuple[TypicalProject, ...]:
    """Return the typical projects, group by group.

    Examples
    --------
    >>> kl.catalogue.typical_projects()[0].sector
    'health'
    """
    return tuple(
        TypicalProject(row["key"], row["sector"], row["group"], row["title"], row["figure"])
        for row in document("catalogue.yaml")["typical_projects"]
    )


def municipality(text: str) -> Municipality:
    """Return the municipality named by a key or a common spelling.

    «г. Кемерово», «Кемеровский ГО» and «кемеровский городской округ» are one; е and ё, case
    and spaces do not count. Town names of a district's centre mean the district.

    Raises
    ------
    UnknownNameError
        The name is not known, or fits several («Кемеровский»): the candidates are named.

    Examples
    --------
    >>> kl.catalogue.municipality("г. Кемерово").key
    'kemerovsky-okrug'
    """
    return _find("municipality", text, municipalities(), lambda entry: entry.aliases)


def sector(text: str) -> Sector:
    """Return the sector named by its key or title.

    Raises
    ------
    UnknownNameError
        There is no such sector; the nearest are named.

    Examples
    --------
    >>> kl.catalogue.sector("Здравоохранение").key
    'health'
    """
    return _find("sector", text, sectors(), lambda entry: (entry.title, entry.short))


def municipal_direction(text: str) -> MunicipalDirection:
    """Return the municipal direction named by its key or title.

    Raises
    ------
    UnknownNameError
        There is no such direction; the nearest are named.

    Examples
    --------
    >>> kl.catalogue.municipal_direction("Архив").key
    'archive'
    """
    return _find("direction", text, municipal_directions(), lambda entry: (entry.title,))


def typical_project(text: str) -> TypicalProject:
    """Return the typical project of a key.

    Raises
    ------
    UnknownNameError
        There is no such typical project; the nearest are named.

    Examples
    --------
    >>> key = kl.catalogue.typical_projects()[0].key
    >>> kl.catalogue.typical_project(key).sector
    'health'
    """
    return _find("typical project", text, typical_projects(), lambda entry: (entry.title,))


def _find(kind: str, text: str, entries: Sequence[Entry], names: Callable[[Entry], Iterable[str]]) -> Entry:
    wanted = plain(text)
    spellings = [(plain(name), entry) for entry in entries for name in _all_names(entry, names)]
    found = list({entry.key: entry for name, entry in spellings if name == wanted}.values())
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownNameError(kind, text, [entry.key for entry in found])
    keys = {name: entry.key for name, entry in spellings}
    near = [keys[name] for name in nearest(wanted, tuple(keys), limit=6)]
    raise UnknownNameError(kind, text, tuple(dict.fromkeys(near))[:3])


def _all_names(entry: Entry, names: Callable[[Entry], Iterable[str]]) -> tuple[str, ...]:
    return (entry.key, *names(entry))


def plain(text: str) -> str:
    """Fold what does not tell names apart: case, ё, spaces of any kind, dots, quotes, dashes.

    Examples
    --------
    >>> kl.catalogue.plain("«Берёзовский»  ГО")
    'березовский го'
    """
    folded = text.casefold().replace("ё", "е")
    folded = re.sub(r"[.,«»\"']", " ", folded)
    folded = re.sub(r"[‐-―−]", "-", folded)
    return re.sub(r"\s+", " ", folded).strip()


def _spellings(row: dict[str, Any]) -> tuple[str, ...]:
    """The name alone fits two kinds and is refused by ``_find`` where it does."""
    words = _KINDS[row["kind"]]
    full = [f"{row['name']} {word}" for word in words] + [f"{word} {row['name']}" for word in words]
    towns = [spelling for town in row["towns"] for spelling in (town, f"г {town}", f"город {town}")]
    return tuple(dict.fromkeys([*full, row["name"], *towns]))
