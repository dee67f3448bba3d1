"""The numbers that reports show: what each is, how it is computed, and from which rows of the registry.

A figure is one object wherever it stands: in a sentence, a table, a chart, the export. It shows
itself as text, and as HTML that leads to where it comes from.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from itertools import chain, groupby, islice
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from kuzbass_lean import schema, wording
from kuzbass_lean.errors import LeanError

FIGURES_MIME: Final = "application/vnd.kuzbass-lean.figures+jsonl"
"""Under this type a notebook's outputs carry the figures that the page shows, one a line."""

_MORE = re.compile(r"\+([0-9]+)")
_NUMBERED = re.compile(r"(.*?)([0-9]{1,18})", re.DOTALL)
_SPACES = re.compile(r"[\n\t\r]")
_Numbers = np.ndarray[Any, np.dtype[np.int64]]
_Runs = tuple[_Numbers, _Numbers]
_LONG: Final = 4096
"""Packed keys that are longer are compressed."""
_MANY: Final = 1000
"""So many keys are sorted column by column."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the registry by the text of their keys; small however many they are.

    ``tables`` pairs a table's name with its keys as ``pack`` writes them, in the order of the names.
    """

    tables: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, **tables: pd.DataFrame | Iterable[str]) -> Rows:
        """Return rows given by table, as a frame of them or as the texts of their keys."""
        texts = {
            name: key_texts(name, rows) if isinstance(rows, pd.DataFrame) else [_cell(key) for key in rows]
            for name, rows in sorted(tables.items())
        }
        return cls(tuple((name, pack(keys)) for name, keys in texts.items() if keys))

    def keys(self) -> dict[str, list[str]]:
        """Return the texts of the keys by table."""
        return {name: unpack(packed) for name, packed in self.tables}

    @classmethod
    def union(cls, several: Iterable[Rows]) -> Rows:
        """Return the rows of several, each once."""
        merged: dict[str, dict[str, None]] = {}
        for rows in several:
            for name, packed in rows.tables:
                merged.setdefault(name, {})[packed] = None
        return cls(tuple((name, merge(list(merged[name]))) for name in sorted(merged)))


NO_ROWS: Final = Rows()


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that a page shows, with what it is computed from.

    ``name`` says what it is and ``key`` what it is of, e.g. ``improvement`` and a measure's id;
    together they are its ``id``, unique in a report and the same in every build. ``value`` is None
    where it is not known; ``text`` is the number as the page says it; ``formula`` names an entry
    of the formulas in ``labels.yaml``, or is the formula itself. ``as_of`` is an ISO date where it
    is not the report's own.
    """

    name: str
    label: str
    value: float | None
    text: str
    unit: str
    formula: str
    numerator: float | None = None
    denominator: float | None = None
    note: str = ""
    key: str = ""
    rows: Rows = NO_ROWS
    as_of: str = ""

    @property
    def id(self) -> str:
        """The name of this figure in its report."""
        return f"{self.name}.{self.key}" if self.key else self.name

    @property
    def formula_text(self) -> str:
        """The formula in words."""
        return _formula(self.formula)[1]

    @property
    def anchor(self) -> str:
        """What the formula's place on a page is called."""
        return anchor(self.formula)

    def __str__(self) -> str:
        return self.text

    def __html__(self) -> str:
        leads = Markup('<a href="#f-{}" data-f="{}">{}</a>')
        return leads.format(self.anchor, self.id, self.text)


@dataclass(frozen=True, slots=True)
class Said:
    """A text with figures in it."""

    parts: tuple[str | Figure | Said, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.parts))

    def __html__(self) -> str:
        return Markup("").join(self.parts)


Text = str | Figure | Said
"""What a page says: words, a number, or words with numbers among them."""


def said(template: str, *parts: Text) -> Said:
    """Return a text with its figures put in place of ``{}``, in their order."""
    between = template.split("{}")
    if len(between) != len(parts) + 1:
        raise ValueError(f"{template!r} has {len(between) - 1} places for {len(parts)} parts")
    woven: list[Text] = [between[0]]
    woven += [piece for pair in zip(parts, between[1:], strict=True) for piece in pair]
    return Said(tuple(piece for piece in woven if piece != ""))


def joined(separator: str, parts: Iterable[Text]) -> Said:
    """Return texts one after another with a separator between them."""
    woven = [piece for part in parts for piece in (separator, part)]
    return Said(tuple(woven[1:]))


def listed(parts: Sequence[Text]) -> Text:
    """Return texts as a list in a sentence: «а, б и в»."""
    *first, last = parts or ("",)
    return said("{} {} {}", joined(", ", first), wording.phrase("and"), last) if first else last


def within(*things: Any) -> tuple[Figure, ...]:
    """Return the figures in texts, sequences, mappings and records of them, in the order they stand."""
    return tuple(_within(things))


def _within(thing: Any) -> Iterator[Figure]:
    if isinstance(thing, Figure):
        yield thing
    elif isinstance(thing, str) or thing is None:
        return
    elif isinstance(thing, Mapping):
        yield from _within(list(thing.values()))
    elif isinstance(thing, Sequence):
        for part in thing:
            yield from _within(part)
    elif is_dataclass(thing):
        for each in fields(thing):
            yield from _within(getattr(thing, each.name))


def key_texts(table: str, frame: pd.DataFrame) -> list[str]:
    """Return what identifies each row of a table as text: its key, or all that it says where it has none.

    Parts are joined by " · "; dates are ISO; a missing part is empty.
    """
    names = schema.keys(table) or [name for name in schema.dtypes(table) if name != "source"]
    columns = [[_cell(cell) for cell in frame[name].tolist()] for name in names]
    return columns[0] if len(columns) == 1 else [" · ".join(cells) for cells in zip(*columns, strict=True)]


def _cell(cell: Any) -> str:
    if isinstance(cell, str):
        return " ".join(cell.split()) if _SPACES.search(cell) else cell
    if pd.isna(cell):
        return ""
    return f"{cell:%Y-%m-%d}" if isinstance(cell, date) else str(cell)


def pack(keys: Iterable[str]) -> str:
    """Return keys as one text: each once, in order, and numbered ones by the steps from one to the next.

    A line is a key, or what several keys begin with, how many digits they end with and their
    numbers: each as what it adds to the one before and how many more follow it (``1+98 3`` is 1 to
    99 and 102). A long text is compressed. So a million keys that are numbered through take a few
    bytes, and any part of them a fraction of a byte each.
    """
    lines = []
    for beginning, width, numbers in _groups(list(dict.fromkeys(keys))):
        if width and len(numbers) > 1:
            lines.append(_line(beginning, width, *_runs(numbers)))
        else:
            lines.append(_named(beginning, width, numbers[0]))
    return _joined(lines)


def _joined(lines: Iterable[str]) -> str:
    text = "\n".join(lines)
    if len(text) <= _LONG:
        return text
    return "\r" + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def merge(several: Sequence[str]) -> str:
    """Return what ``pack`` gives for the keys of several packed texts, without unpacking them."""
    first, *others = several
    if not others:
        return first
    found: dict[tuple[str, int], list[_Runs]] = {}
    for packed in several:
        for beginning, width, runs in _packed_runs(packed):
            found.setdefault((beginning, width), []).append(runs)
    return _joined(_line(*group, *_together(found[group])) for group in sorted(found))


def _together(several: Sequence[_Runs]) -> _Runs:
    """Join runs that overlap or follow each other."""
    firsts, lasts = (np.concatenate(ends) for ends in zip(*several, strict=True))
    order = np.argsort(firsts, kind="stable")
    firsts, lasts = firsts[order], np.maximum.accumulate(lasts[order])
    apart = firsts[1:] > lasts[:-1] + 1
    return firsts[np.r_[True, apart]], lasts[np.r_[apart, True]]


def _groups(keys: list[str]) -> Iterator[tuple[str, int, Sequence[int]]]:
    """Sort keys into those that begin alike and end with as many digits, each with its numbers in order."""
    parts = map(_numbered, keys) if len(keys) < _MANY else _all_numbered(pa.array(keys))
    for (beginning, width), group in groupby(sorted(parts), key=itemgetter(0, 1)):
        yield beginning, width, [number for _, _, number in group]


def _all_numbered(keys: pa.Array) -> Iterator[tuple[str, int, int]]:
    """Split many keys at once, as ``_numbered`` does one."""
    parts = pc.extract_regex(keys, "^(?s:(?P<beginning>.*?)(?P<number>[0-9]{1,18}))$")
    digits = pc.struct_field(parts, "number")
    beginnings = pc.coalesce(pc.struct_field(parts, "beginning"), keys)
    widths, numbers = pc.utf8_length(digits).fill_null(0), digits.fill_null("0").cast(pa.int64())
    yield from zip(beginnings.to_pylist(), widths.to_pylist(), numbers.to_pylist(), strict=True)


def _runs(numbers: Sequence[int]) -> _Runs:
    """Return the first and the last of each run of consecutive numbers, which come in order."""
    ordered = np.asarray(numbers, dtype="int64")
    breaks = np.flatnonzero(np.diff(ordered) != 1)
    return ordered[np.r_[0, breaks + 1]], ordered[np.r_[breaks, -1]]


def _line(beginning: str, width: int, firsts: _Numbers, lasts: _Numbers) -> str:
    """Write the keys of one beginning: of each run the gap before it and how far it goes."""
    if not width or firsts[0] == lasts[-1]:
        return _named(beginning, width, int(firsts[0]))
    gaps = firsts - np.r_[0, lasts[:-1]]
    steps = zip(gaps.tolist(), (lasts - firsts).tolist(), strict=True)
    return f"{beginning}\t{width}\t{' '.join(f'{gap}+{more}' if more else str(gap) for gap, more in steps)}"


def _packed_runs(packed: str) -> Iterator[tuple[str, int, _Runs]]:
    """Read a packed text by the keys' beginnings and how many digits they end with."""
    for line in _lines(packed):
        beginning, _, numbers = line.partition("\t")
        if not numbers:
            beginning, width, number = _numbered(line)
            yield beginning, width, (np.array([number]), np.array([number]))
            continue
        digits, _, steps = numbers.partition("\t")
        pairs = [step.partition("+") for step in steps.split(" ")]
        gaps, more = (np.array([int(pair[at] or 0) for pair in pairs], dtype="int64") for at in (0, 2))
        lasts = np.cumsum(gaps + more)
        yield beginning, int(digits), (lasts - more, lasts)


def _lines(packed: str) -> list[str]:
    if packed.startswith("\r"):
        packed = zlib.decompress(base64.b64decode(packed[1:])).decode()
    return packed.split("\n") if packed else []


def unpack(packed: str) -> list[str]:
    """Return the keys that ``pack`` was given, each once and in order."""
    keys: list[str] = []
    for line in _lines(packed):
        for run in _spelled(line):
            keys += run
    return keys


def first(packed: str, most: int) -> tuple[int, list[str]]:
    """Return how many keys ``unpack`` gives and the first of them; the others are not spelled out."""
    count, keys = 0, list[str]()
    for line in _lines(packed):
        keys += islice(chain.from_iterable(_spelled(line)), most - len(keys))
        steps = line.partition("\t")[2].partition("\t")[2]
        count += 1 + steps.count(" ") + sum(map(int, _MORE.findall(steps)))
    return count, keys


def _spelled(line: str) -> Iterator[Iterable[str]]:
    """Spell out the keys of a packed line, run by run."""
    beginning, _, numbers = line.partition("\t")
    if not numbers:
        yield (line,)
        return
    width, _, steps = numbers.partition("\t")
    form: str = f"{beginning.replace('%', '%%')}%0{width}d"
    end = 0
    for step in steps.split(" "):
        gap, _, more = step.partition("+")
        first, end = end + int(gap), end + int(gap) + int(more or 0)
        yield map(form.__mod__, range(first, end + 1))


def _numbered(key: str) -> tuple[str, int, int]:
    """Split a key into its beginning, and how many digits it ends with and which number they are."""
    found = _NUMBERED.fullmatch(key)
    return (found[1], len(found[2]), int(found[2])) if found else (key, 0, 0)


def _named(beginning: str, width: int, number: int) -> str:
    return f"{beginning}{number:0{width}}" if width else beginning


def anchor(formula: str) -> str:
    """Return what the place of a formula on a page is called: its name, or one made of its text."""
    return formula if formula.isidentifier() else hashlib.sha256(formula.encode()).hexdigest()[:8]


def dump(shown: Iterable[Figure], about: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Return figures as lines of JSON: first what holds for all and the formulas, then a figure a line."""
    found = list(shown)
    formulas = {figure.formula: _formula(figure.formula) for figure in found}
    return "\n".join(_json(line) for line in ({**about, "formulas": formulas}, *map(_record, found)))


def _formula(name: str) -> tuple[int, str]:
    """Give version and text of a formula by its name; what is no name is a formula written out."""
    if not name.isidentifier():
        return 1, name
    known = wording.formula(name)
    return known.version, known.text


def _record(figure: Figure) -> dict[str, Any]:
    """Give what a figure holds, without what is as it is by default."""
    held = {each.name: getattr(figure, each.name) for each in fields(figure) if each.name != "rows"}
    kept = {name: value for name, value in held.items() if value != _DEFAULTS[name]}
    return {**kept, "rows": dict(figure.rows.tables)} if figure.rows.tables else kept


_DEFAULTS: Final = {each.name: each.default for each in fields(Figure)}


def load(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what ``dump`` was told of all figures, and the figures as records.

    A record has every field of a figure, ``rows`` by table and packed, and ``id``,
    ``formula_version`` and ``formula_text`` as they were when it was computed.
    """
    about, *records = (json.loads(line) for line in text.split("\n"))
    formulas = about.pop("formulas")
    return about, [_whole(record, formulas) for record in records]


def _whole(record: Mapping[str, Any], formulas: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {name: None if value is MISSING else value for name, value in _DEFAULTS.items()}
    made |= {"rows": {}, **record}
    made["formula_version"], made["formula_text"] = formulas[made["formula"]]
    made["id"] = f"{made['name']}.{made['key']}" if made["key"] else made["name"]
    return made


def once(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each figure of a report once, however often it is shown.

    Raises
    ------
    LeanError
        Two different figures have one id: a page would disagree with itself.
    """
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        known = found.setdefault(record["id"], dict(record))
        if known != record:
            differ = next(name for name in known if known[name] != record[name])
            told = f"{known[differ]!r} and {record[differ]!r}"
            raise LeanError(
                f"the report shows two figures {record['id']}, with {differ} {told}: give them different keys"
            )
    return list(found.values())


def set_id(rows: Mapping[str, str]) -> str:
    """Return the name of a set of rows: the same rows have the same name; no rows have none."""
    return hashlib.sha256(_json(dict(sorted(rows.items()))).encode()).hexdigest()[:16] if rows else ""


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
