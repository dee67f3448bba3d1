"""What differs between two versions of a file of a site: figures first, then text, pictures, code.

The first version may come from anyone: it is read as data, and what cannot be read says so.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from html.parser import HTMLParser
from itertools import takewhile
from pathlib import Path
from typing import Any

import pandas as pd

from kuzbass_lean.press import outputs

_NUMBER = re.compile(r"(\d+(?:\.\d+)?)")
_PICTURE = re.compile(r"<svg\b.*?</svg>|<img\b[^>]*>", re.DOTALL)
_UNSEEN = ("script", "style", "svg")
_LONGEST, _BEFORE = 200, 40
"""Characters of a text that are told, and of those how many before the place where it differs."""
_MOST_PIECES = 20_000
"""Longer pages are not searched for the piece that differs, only told to differ."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same: what it is, and what stands in either version.

    ``figure`` is the id of a figure, or says which text, picture or cell it is.
    """

    figure: str
    old: str
    new: str


def between(old: Path, new: Path, tolerance: float = 0.0) -> tuple[Difference, ...]:
    """Return what differs between two versions of a file; nothing where both say the same.

    Parameters
    ----------
    tolerance
        How far, in relation to the larger, two numbers of a figure or a picture may lie apart.
    """
    if old.read_bytes() == new.read_bytes():
        return ()
    kind = {".html": _pages, ".ipynb": _notebooks, ".parquet": _tables, ".csv": _tables}.get(new.suffix)
    try:
        found = tuple(kind(old, new, tolerance)) if kind else ()
        same = not found and kind is not None and _same(old, new, tolerance)
    except Exception as error:  # whatever a file from anywhere may do to its reader
        return (Difference("", _short(f"cannot be read: {error}"), ""),)
    if found or same:
        return found
    return (Difference("", "other bytes", ""),)


def _same(old: Path, new: Path, tolerance: float) -> bool:
    """Whether files whose figures and texts agree differ in nothing but numbers that are near."""
    if new.suffix == ".parquet":
        return True  # another library writes the same rows in other bytes
    return near(old.read_text(encoding="utf-8"), new.read_text(encoding="utf-8"), tolerance)


def near(old: str, new: str, tolerance: float) -> bool:
    """Return whether two texts are the same but for numbers that lie near each other."""
    if old == new:
        return True
    ours, theirs = _NUMBER.split(old), _NUMBER.split(new)
    if not tolerance or len(ours) != len(theirs) or ours[::2] != theirs[::2]:
        return False
    pairs = zip(ours[1::2], theirs[1::2], strict=True)
    return all(a == b or math.isclose(float(a), float(b), rel_tol=tolerance) for a, b in pairs)


def figures(old: pd.DataFrame, new: pd.DataFrame, tolerance: float = 0.0) -> Iterator[Difference]:
    """Yield the figures of one report that differ, appeared or went.

    What is compared is every column that both have.
    """
    left, right = _known(old), _known(new)
    for key in (*right, *(key for key in left if key not in right)):
        name = key[0]
        if key not in left or key not in right:
            yield Difference(name, _said(left.get(key)), _said(right.get(key)))
            continue
        ours, theirs = left[key], right[key]
        for column in [column for column in theirs if column in ours]:
            if not _equal(ours[column], theirs[column], tolerance):
                told = "" if column in ("text", "value") else f"{column} "
                shown = column if told or not _equal(ours["value"], theirs["value"], tolerance) else "text"
                shown = "text" if not told and ours["text"] != theirs["text"] else shown
                yield Difference(name, *_apart(f"{told}{ours[shown]}", f"{told}{theirs[shown]}"))
                break


def _known(frame: pd.DataFrame) -> dict[tuple[str, int], dict[str, Any]]:
    """Return figures by their id, and by how often that stood before: a table from anywhere may repeat it."""
    columns = [name for name in frame.columns if name not in ("report", "position")]
    ordered = sorted(columns, key=lambda name: name not in ("text", "value"))
    numbers = frame.groupby("id", dropna=False).cumcount()
    rows = zip(frame.to_dict("records"), numbers, strict=True)
    return {(str(row["id"]), int(n)): {name: _plain(row[name]) for name in ordered} for row, n in rows}


def _plain(value: Any) -> Any:
    return "" if value is None or (not isinstance(value, (list, dict)) and pd.isna(value)) else value


def _equal(old: Any, new: Any, tolerance: float) -> bool:
    if isinstance(old, int | float) and isinstance(new, int | float):
        return old == new or bool(tolerance and math.isclose(old, new, rel_tol=tolerance))
    return bool(old == new)


def _said(row: Mapping[str, Any] | None) -> str:
    return "" if row is None else _short(str(row["text"] or row["value"]))


def frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the figures that a notebook shows as rows."""
    kept = [{name: row[name] for name in row if not isinstance(row[name], dict)} for row in rows]
    return pd.DataFrame(kept) if kept else pd.DataFrame({"id": [], "text": [], "value": []})


def _tables(old: Path, new: Path, tolerance: float) -> Iterator[Difference]:
    ours, theirs = (table(path) for path in (old, new))
    if not {"report", "id", "text", "value"} <= set(theirs):
        if not ours.equals(theirs):
            yield Difference("", f"{len(ours)} rows", f"{len(theirs)} rows")
        return
    for report in dict.fromkeys([*theirs["report"], *ours["report"]]):
        mine, yours = (table[table["report"].eq(report)] for table in (ours, theirs))
        for found in figures(mine, yours, tolerance):
            yield Difference(f"{report}: {found.figure}", found.old, found.new)


def table(path: Path) -> pd.DataFrame:
    """Return a table of a site, from Parquet or CSV."""
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def _notebooks(old: Path, new: Path, tolerance: float) -> Iterator[Difference]:
    ours, theirs = (json.loads(path.read_text(encoding="utf-8")) for path in (old, new))
    yield from figures(frame(outputs.shown_figures(ours)), frame(outputs.shown_figures(theirs)), tolerance)
    if len(ours["cells"]) != len(theirs["cells"]):
        yield Difference("cells", str(len(ours["cells"])), str(len(theirs["cells"])))
        return
    for number, (mine, yours) in enumerate(zip(ours["cells"], theirs["cells"], strict=True), 1):
        if mine["source"] != yours["source"]:
            yield Difference(
                f"code of cell {number}",
                *_first(outputs.one_text(mine["source"]), outputs.one_text(yours["source"])),
            )
        for one, other in zip(mine.get("outputs", []), yours.get("outputs", []), strict=False):
            said = [
                outputs.one_text(each.get("data", {}).get("text/plain", each.get("text", "")))
                for each in (one, other)
            ]
            if not near(said[0], said[1], tolerance):
                yield Difference(f"output of cell {number}", *_first(said[0], said[1]))
        if not near(json.dumps(mine, sort_keys=True), json.dumps(yours, sort_keys=True), tolerance):
            yield Difference(f"cell {number}", "other content", "")


def _first(old: str, new: str) -> tuple[str, str]:
    """Return the first lines that differ."""
    pairs = zip(f"{old}\n".splitlines(), f"{new}\n".splitlines(), strict=False)
    return _apart(*next(((a, b) for a, b in pairs if a != b), (old, new)))


def _apart(old: str, new: str) -> tuple[str, str]:
    """Return two texts, of long ones the stretch in which they first differ."""
    if max(len(old), len(new)) <= _LONGEST:
        return old, new
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    start = max(alike - _BEFORE, 0)
    one, other = (f"{'…' if start else ''}{text[start:]}" for text in (old, new))
    return _short(one), _short(other)


def _pages(old: Path, new: Path, tolerance: float) -> Iterator[Difference]:
    ours, theirs = (path.read_text(encoding="utf-8") for path in (old, new))
    named = _named(new.with_suffix(".ipynb"))
    for found in _pieces(_Reader.read(ours), _Reader.read(theirs)):
        yield Difference(named.get(found.new, found.figure), found.old, found.new)
    pictures = _PICTURE.findall(ours), _PICTURE.findall(theirs)
    if len(pictures[0]) != len(pictures[1]):
        yield Difference("pictures", str(len(pictures[0])), str(len(pictures[1])))
        return
    for number, (mine, yours) in enumerate(zip(*pictures, strict=True), 1):
        if not near(mine, yours, tolerance):
            told = _first(re.sub("><", ">\n<", mine), re.sub("><", ">\n<", yours))
            yield Difference(f"picture {number}", *told)


def _named(notebook: Path) -> dict[str, str]:
    """Return the ids of the figures of a page by their text, where no other has the same."""
    if not notebook.is_file():
        return {}
    shown = outputs.shown_figures(json.loads(notebook.read_text(encoding="utf-8")))
    count = Counter(str(each["text"]) for each in shown)
    return {str(each["text"]): str(each["id"]) for each in shown if count[str(each["text"])] == 1}


Piece = tuple[str, str]
"""A piece of text as it is read, and the id of the figure that it shows, empty if it is none."""


def _pieces(old: Sequence[Piece], new: Sequence[Piece]) -> Iterator[Difference]:
    if max(len(old), len(new)) > _MOST_PIECES:
        if list(old) != list(new):
            yield Difference("text", *_first("\n".join(t for t, _ in old), "\n".join(t for t, _ in new)))
        return
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        for n in range(max(b - a, d - c)):
            ours = old[a + n] if a + n < b else ("", "")
            theirs = new[c + n] if c + n < d else ("", "")
            beside = next((text for text, _ in reversed(new[:c])), "")
            name = theirs[1] or ours[1] or _short(f"text after «{beside}»")
            yield Difference(name, *_apart(ours[0], theirs[0]))


class _Reader(HTMLParser):
    """Collects the text of a page in the order it is read; what is not shown is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[Piece] = []
        self._unseen, self._figure = 0, ""

    @classmethod
    def read(cls, html: str) -> list[Piece]:
        reader = cls()
        reader.feed(html)
        reader.close()
        return reader.pieces

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        self._figure = str(dict(attrs).get("data-f") or "")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN
        self._figure = ""

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and self._unseen <= 0:
            self.pieces.append((text, self._figure))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
