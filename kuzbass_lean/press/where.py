"""«Откуда число»: what opens behind every figure of a page, and the list of formulas at its end.

All of it is in the page, so it works from a file and without a network; on paper and without
scripts a figure leads to its formula.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from html import unescape
from typing import Any

from kuzbass_lean import blocks, figures, schema, wording

MOST_KEYS = 5
"""So many rows behind a figure are named on the page; all of them are in ``data/lineage``."""

Records = Sequence[Mapping[str, Any]]


def added(html: str, about: Mapping[str, Any], shown: Records) -> str:
    """Return a page with all that tells where its figures are from.

    Parameters
    ----------
    about
        What holds for all figures: ``as_of`` and ``files``, the file of each table.
    shown
        The figures of the page as ``figures.load`` gives them.
    """
    if not shown:
        return html
    numbers = {figures.anchor(name): number for number, name in enumerate(_formulas(shown), 1)}
    page = re.sub(r' href="#f-([^"]*)"', lambda found: f' href="#f{numbers[found[1]]}"', html)
    opened = {unescape(name) for name in re.findall(r' data-f="([^"]*)"', page)}
    page = _before(page, "</main>", _notes(shown))
    return _before(page, "</body>", _opener(about, [row for row in shown if row["id"] in opened]))


def _before(page: str, end: str, text: str) -> str:
    place = page.rindex(end)
    return f"{page[:place]}{text}{page[place:]}"


def _notes(shown: Records) -> str:
    """Return the numbered list of the formulas of a page's figures, as HTML."""
    return str(_macros().notes([(text, version) for version, text in _formulas(shown).values()]))


def _opener(about: Mapping[str, Any], shown: Records) -> str:
    """Return what opens the figures of a page: a dialog, its data and its script, as HTML.

    The data are compressed: they repeat themselves, and in clear would outweigh the page.
    """
    data = json.dumps(_data(about, shown), ensure_ascii=False, separators=(",", ":"))
    packed = gzip.compress(data.encode(), mtime=0)
    return str(_macros().opener(base64.b64encode(packed).decode()))


def _macros() -> Any:
    return blocks.environment().get_template("where.html.j2").module


def _formulas(shown: Records) -> dict[str, tuple[int, str]]:
    """Give version and text of every formula, in the order in which they appear."""
    return {row["formula"]: (row["formula_version"], row["formula_text"]) for row in shown}


def _data(about: Mapping[str, Any], shown: Records) -> dict[str, Any]:
    formulas = list(_formulas(shown))
    sets: dict[str, int] = {}
    rows: list[list[Any]] = []
    told = {}
    for row in shown:
        name = figures.set_id(row["rows"])
        if name and name not in sets:
            rows.append([name, *_rows(row["rows"])])
            sets[name] = len(rows)
        day = "" if row["as_of"] == about.get("as_of") else _day(row["as_of"])
        cells = [row["label"], formulas.index(row["formula"]), _number(row["numerator"]),
                 _number(row["denominator"]), row["note"], sets.get(name, 0), day]  # fmt: skip
        while not cells[-1]:
            cells.pop()
        told[row["id"]] = cells
    tables = sorted({table for row in shown for table in row["rows"]})
    files = about.get("files", {})
    return {
        "day": _day(about.get("as_of", "")),
        "formulas": [(text, version) for version, text in _formulas(shown).values()],
        "tables": {
            name: ", ".join(filter(None, (schema.TABLES[name].title, files.get(name)))) for name in tables
        },
        "rows": rows,
        "figures": told,
    }


def _rows(packed: Mapping[str, str]) -> list[list[Any]]:
    found = [(table, *figures.first(text, MOST_KEYS)) for table, text in packed.items()]
    return [[table, count, *keys] for table, count, keys in found]


def _number(value: float | None) -> str:
    return "" if value is None else wording.number(value)


def _day(iso: str) -> str:
    return wording.date(date.fromisoformat(iso)) if iso else ""
