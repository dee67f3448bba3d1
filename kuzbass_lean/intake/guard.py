"""Refusing hostile workbooks before anything parses them, within fixed memory.

A workbook is inflated once in small pieces and walked with a streaming XML parser that keeps
only counters: how large the grid is, how deep the XML, whether it declares entities, and
which cells hold a formula or an error instead of a value (readers of values skip those).
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from xml.parsers import expat

from kuzbass_lean.errors import UsageError


@dataclass(frozen=True, slots=True)
class Limits:
    """What a source may cost; beyond any of these it is refused. ``text`` counts characters.

    A text that stands once in the file may fill any number of cells, so it counts in each.
    """

    file_bytes: int = 256 * 2**20
    inflated_bytes: int = 768 * 2**20
    parts: int = 5_000
    cells: int = 20_000_000
    text: int = 2**28
    depth: int = 64


LIMITS = Limits()
FOLDER_LIMITS = replace(LIMITS, file_bytes=4 * LIMITS.file_bytes)
"""What all files of a folder may cost together."""

_PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class Oddity:
    """A cell that a reader of values would show as empty: a formula without a value, or an error."""

    row: int
    column: int
    rule: str
    value: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the walk saw: the kind of workbook, odd cells by sheet, and its date system."""

    kind: str
    oddities: Mapping[str, tuple[Oddity, ...]] = field(default_factory=dict)
    date_1904: bool = False


def check_size(name: str, size: int, limits: Limits = LIMITS) -> None:
    """Refuse a file that is too large to read within fixed memory.

    Raises
    ------
    UsageError
        The file is larger than the limit.
    """
    if size > limits.file_bytes:
        raise UsageError(
            f"{name} holds {size // 2**20} MB, more than {limits.file_bytes // 2**20} MB: "
            "split it, or give Parquet or a database"
        )


def inspect(name: str, data: bytes, limits: Limits = LIMITS) -> Inspection:
    """Return what kind of workbook the bytes are and which cells need a word, or refuse them.

    Raises
    ------
    UsageError
        It is no workbook, is protected by a password, inflates beyond the limits, declares
        XML entities, or its grid is too large.
    """
    check_size(name, len(data), limits)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise UsageError(f"{name} is protected by a password: save it without one")
        return Inspection("xls")
    if not data.startswith(b"PK\x03\x04"):
        raise UsageError(f"{name} is not a workbook: open it and save it as .xlsx")
    try:
        return _inspect_zip(name, data, limits)
    except UsageError:
        raise
    except _DAMAGED:
        raise UsageError(f"{name} is damaged and cannot be read: open it and save it again") from None


_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    struct.error,
    ValueError,
    LookupError,
    OSError,
    EOFError,
    NotImplementedError,
)
"""What a damaged archive or damaged XML may raise."""


def _inspect_zip(name: str, data: bytes, limits: Limits) -> Inspection:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
    names = [part.filename for part in parts]
    kind = "xlsx" if "xl/workbook.xml" in names else "ods" if "content.xml" in names else ""
    if not kind:
        raise UsageError(f"{name} is not a workbook of a known kind: save it as .xlsx")
    if len(parts) > limits.parts or len(set(names)) != len(names):
        raise UsageError(f"{name} is refused: its archive holds too many parts, or one of them twice")
    walks = _walk(name, parts, data, limits)
    if _most_text(walks) > limits.text and _text(name, parts, data, limits, walks) > limits.text:
        raise UsageError(f"{name} is refused: its cells hold more than {limits.text} characters together")
    return _conclude(kind, walks)


def _walk(name: str, parts: Iterable[zipfile.ZipInfo], data: bytes, limits: Limits) -> dict[str, _Walk]:
    walks: dict[str, _Walk] = {}
    spent = 0
    for part in parts:
        walk = _Walk(name, limits) if part.filename.lower().endswith((".xml", ".rels", ".vml")) else None
        for piece in _inflate(name, part, data):
            spent += len(piece)
            if spent > limits.inflated_bytes:
                raise UsageError(f"{name} is refused: it inflates beyond {limits.inflated_bytes // 2**20} MB")
            if walk:
                walk.feed(piece)
        if walk:
            walk.close()
            walks[part.filename] = walk
    return walks


def _most_text(walks: Mapping[str, _Walk]) -> int:
    """The most text that the cells can hold: each that shares a text might hold the longest."""
    longest = max((walk.longest for walk in walks.values()), default=0)
    return sum(walk.shared for walk in walks.values()) * longest


def _text(
    name: str, parts: Iterable[zipfile.ZipInfo], data: bytes, limits: Limits, walks: Mapping[str, _Walk]
) -> int:
    """The text that the cells really hold; slower, so it is asked only of a doubtful workbook."""
    lengths: list[int] = []
    text = 0
    seen = [(part, walks[part.filename]) for part in parts if part.filename in walks]
    for part in (part for part, walk in seen if walk.longest):
        _again(_Walk(name, limits, lengths), part, data)
    for part in (part for part, walk in seen if walk.shared):
        counted = _SharedText(name, limits, lengths)
        _again(counted, part, data)
        text += counted.text
    return text


def _again(walk: _Walk, part: zipfile.ZipInfo, data: bytes) -> None:
    for piece in _inflate(walk.name, part, data):
        walk.feed(piece)
    walk.close()


def _inflate(name: str, part: zipfile.ZipInfo, data: bytes) -> Iterator[bytes]:
    """Pieces of one part, as many as there really are: the size that the directory tells may lie."""
    head = struct.unpack_from("<4s5H3L2H", data, part.header_offset)
    if head[0] != b"PK\x03\x04" or part.flag_bits & 1:
        raise zipfile.BadZipFile
    start = part.header_offset + 30 + head[9] + head[10]
    packed = memoryview(data)[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        yield from (bytes(packed[i : i + _PIECE]) for i in range(0, len(packed), _PIECE))
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise UsageError(f"{name} is refused: it is packed in an unusual way; save it again")
    engine = zlib.decompressobj(-15)
    for i in range(0, len(packed), _PIECE):
        rest = bytes(packed[i : i + _PIECE])
        while True:
            piece = engine.decompress(rest, _PIECE)
            rest = engine.unconsumed_tail
            if piece:
                yield piece
            if not rest and len(piece) < _PIECE:
                break


class _Walk:
    """One XML part walked in pieces; keeps counters, never text beyond one odd cell."""

    def __init__(self, name: str, limits: Limits, lengths: list[int] | None = None) -> None:
        self.name, self.limits, self.lengths = name, limits, lengths
        self.longest = self.shared = self.text = self._length = self._times = 0
        self.depth = self.row = self.column = self.last_row = self.last_column = 0
        self.oddities: list[Oddity] = []
        self.sheets: list[tuple[str, str]] = []
        self.targets: dict[str, str] = {}
        self.date_1904 = False
        self._formula: str | None = None
        self._value: str | None = None
        self._error = self._text_counts = False
        self._rows = 1
        self._starts: dict[str, Callable[[dict[str, str]], None]] = {
            "row": self._on_row,
            "c": self._on_cell,
            "f": self._on_formula,
            "sheet": self._on_sheet,
            "Relationship": self._on_relationship,
            "workbookPr": self._on_properties,
            "sst": self._on_shared_texts,
            "table": self._on_ods_table,
            "table-row": self._on_ods_row,
            "table-cell": self._on_ods_cell,
            "covered-table-cell": self._on_ods_cell,
        }
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype

    def feed(self, piece: bytes) -> None:
        self.parser.Parse(piece, False)

    def close(self) -> None:
        self.parser.Parse(b"", True)

    def _refuse_doctype(self, *_: object) -> None:
        raise UsageError(f"{self.name} is refused: its XML declares a document type or entities")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > self.limits.depth:
            raise UsageError(f"{self.name} is refused: its XML is nested deeper than {self.limits.depth}")
        handler = self._starts.get(tag if ":" not in tag else tag.rpartition(":")[2])
        if handler:
            handler(attributes)

    def _end(self, tag: str) -> None:
        self.depth -= 1
        if (self._formula is not None or self._error) and tag.rpartition(":")[2] == "c":
            self._end_cell()

    def _on_row(self, attributes: dict[str, str]) -> None:
        self.row = int(attributes["r"]) if "r" in attributes else self.row + 1
        self.column = 0
        self._extend()

    def _on_cell(self, attributes: dict[str, str]) -> None:
        """Called for every cell: a reference in the row at hand is only compared."""
        reference = attributes.get("r")
        if reference:
            letters = reference.rstrip("0123456789")
            self.row = int(reference[len(letters) :])
            self.column = _COLUMNS.get(letters) or _column(letters)
        else:
            self.column += 1
        if self.row > self.last_row or self.column > self.last_column:
            self._extend()
        kind = attributes.get("t")
        if kind == "s":
            self.shared += 1
        self._error, self._text_counts = kind == "e", kind == "str"
        self._formula = self._value = None
        if self._error:
            self._listen()

    def _on_formula(self, attributes: dict[str, str]) -> None:
        self._formula = ""
        self._listen()

    def _on_value(self, attributes: dict[str, str]) -> None:
        self._value = ""

    def _listen(self) -> None:
        """Texts and values matter only in the few cells with a formula or an error."""
        self._starts["v"] = self._on_value
        self.parser.CharacterDataHandler = self._text

    def _text(self, text: str) -> None:
        if self._value is not None:
            self._value = (self._value + text)[:200]
        elif self._formula is not None:
            self._formula = (self._formula + text)[:200]

    def _end_cell(self) -> None:
        self.parser.CharacterDataHandler = None
        del self._starts["v"]
        if self._error:
            self.oddities.append(Oddity(self.row, self.column, "error_value", self._value or ""))
        elif not self._value and not (self._text_counts and self._value is not None):
            found = Oddity(self.row, self.column, "formula_without_value", f"={self._formula}")
            self.oddities.append(found)
        self._formula, self._error = None, False

    def _on_shared_texts(self, attributes: dict[str, str]) -> None:
        self._starts["si"] = self._on_shared_text
        self.parser.CharacterDataHandler = self._measure

    def _on_shared_text(self, attributes: dict[str, str]) -> None:
        self._length = 0
        if self.lengths is not None:
            self.lengths.append(0)

    def _measure(self, text: str) -> None:
        self._length += len(text)
        self.longest = max(self.longest, self._length)
        if self.lengths:
            self.lengths[-1] = self._length

    def _on_sheet(self, attributes: dict[str, str]) -> None:
        self.sheets.append((attributes.get("name", ""), _ending(attributes, ":id", "")))

    def _on_relationship(self, attributes: dict[str, str]) -> None:
        self.targets[attributes.get("Id", "")] = attributes.get("Target", "")

    def _on_properties(self, attributes: dict[str, str]) -> None:
        self.date_1904 = attributes.get("date1904", "0") in ("1", "true")

    def _on_ods_table(self, attributes: dict[str, str]) -> None:
        self.row = 0
        self.parser.CharacterDataHandler = self._repeat

    def _on_ods_row(self, attributes: dict[str, str]) -> None:
        self._rows = int(_ending(attributes, ":number-rows-repeated", "1"))
        self.row += self._rows
        self.column = 0

    def _repeat(self, text: str) -> None:
        self.text += len(text) * self._times
        if self.text > self.limits.text:
            raise UsageError(
                f"{self.name} is refused: its cells hold more than {self.limits.text} characters together"
            )

    def _on_ods_cell(self, attributes: dict[str, str]) -> None:
        columns = int(_ending(attributes, ":number-columns-repeated", "1"))
        self.column += columns
        self._times = columns * self._rows
        if any(key.endswith((":value-type", ":formula")) for key in attributes):
            self._extend()

    def _extend(self) -> None:
        self.last_row, self.last_column = max(self.last_row, self.row), max(self.last_column, self.column)
        if self.last_row * max(self.last_column, 1) > self.limits.cells:
            raise UsageError(
                f"{self.name} is refused: a sheet spans {self.last_row} rows by {self.last_column} columns; "
                "delete the stray cells far from the data"
            )


class _SharedText(_Walk):
    """A sheet walked once more: how much text its cells share with others."""

    def _on_cell(self, attributes: dict[str, str]) -> None:
        self.parser.CharacterDataHandler = self._count if attributes.get("t") == "s" else None

    def _on_formula(self, attributes: dict[str, str]) -> None:
        self.parser.CharacterDataHandler = None

    def _count(self, text: str) -> None:
        at = int(text) if text.isascii() and text.strip().isdigit() else -1
        if self.lengths and 0 <= at < len(self.lengths):
            self.text += self.lengths[at]


def _ending(attributes: Mapping[str, str], end: str, default: str) -> str:
    """An attribute by the end of its name: prefixes of namespaces are the writer's choice."""
    return next((value for key, value in attributes.items() if key.endswith(end)), default)


def _column(letters: str) -> int:
    if not re.fullmatch(r"[A-Za-z]{1,3}", letters):
        raise ValueError(letters)
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return column


_COLUMNS = {letters: _column(letters) for letters in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def _conclude(kind: str, walks: Mapping[str, _Walk]) -> Inspection:
    if kind != "xlsx":
        return Inspection(kind)
    book = walks["xl/workbook.xml"]
    links = walks["xl/_rels/workbook.xml.rels"].targets if "xl/_rels/workbook.xml.rels" in walks else {}
    found: dict[str, tuple[Oddity, ...]] = {}
    for sheet, link in book.sheets:
        target = links.get(link, "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if part in walks and walks[part].oddities:
            found[sheet] = tuple(walks[part].oddities)
    return Inspection(kind, found, book.date_1904)
