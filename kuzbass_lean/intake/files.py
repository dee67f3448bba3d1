"""Tables from files: CSV as offices save it, and Parquet; columnar, never a row at a time."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import csv as pa_csv
from pyarrow import parquet

from kuzbass_lean import checks, schema
from kuzbass_lean.errors import Finding, UsageError
from kuzbass_lean.intake import guard
from kuzbass_lean.intake.reading import (
    HEADER_ROWS,
    STRING,
    Reading,
    UnreadableError,
    layout,
    without_service_rows,
)

_DELIMITERS = (",", ";", "\t")
_BARE = re.compile(r"[\s,;\"]*")


def read_file(table: str, name: str, data: bytes) -> Reading:
    """Read one table from the bytes of a CSV or Parquet file; what cannot be read is a finding."""
    try:
        return _READERS[name.rpartition(".")[2].lower()](table, name, data)
    except UnreadableError as error:
        found = checks.finding(error.rule, name, value=error.detail)
        return Reading(name, "", schema.empty(table), (found,))


def _read_csv(table: str, name: str, data: bytes) -> Reading:
    """Every cell as text; the index is the row's number in the file."""
    text, findings = _decode(name, data)
    text = text.rstrip("\r\n")
    if not text.strip():
        raise UnreadableError("empty_file")
    delimiter = max(_DELIMITERS, key=lambda each: _named(table, name, text, each))
    rows = _first_rows(text, delimiter)
    found = layout(table, rows, name)
    body = _after(text, delimiter, found.header)
    frame, ragged = _columnar(body, delimiter, len(rows[found.header]))
    first = found.header + 2
    numbers = np.delete(np.arange(first, first + len(frame) + len(ragged)), list(ragged))
    frame.index = pd.Index(numbers, dtype="int64", name="row")
    frame = frame[[str(position) for position in found.columns.values()]].set_axis(
        list(found.columns), axis=1
    )
    empty = {number for number, (_, line) in ragged.items() if _BARE.fullmatch(line)}
    broken = [
        checks.finding("ragged_row", name, row=first + n, value=cells, expected=len(rows[found.header]))
        for n, (cells, _) in sorted(ragged.items())
        if n not in empty
    ]
    if empty:
        blank = pd.DataFrame(index=pd.Index([first + n for n in empty], dtype="int64", name="row"))
        frame = pd.concat([frame, blank.reindex(columns=frame.columns).astype(STRING)]).sort_index()
    positions = {column: position + 1 for column, position in found.columns.items()}
    reading = Reading(name, "", frame, columns=positions, header=found.header + 1, unread=len(broken))
    reading = reading.adding(*findings, *found.findings, *broken)
    return without_service_rows(table, reading, found.titles)


def _named(table: str, name: str, text: str, delimiter: str) -> tuple[int, int]:
    rows = _first_rows(text, delimiter)
    found = layout(table, rows, name)
    return len(found.columns), len(rows[found.header])


def _first_rows(text: str, delimiter: str) -> list[list[str]]:
    """Rows above the first that is too long to be a header are all that is looked at."""
    try:
        reader = csv.reader(io.StringIO(text[:1_000_000]), delimiter=delimiter)
        return [[cell.strip() for cell in row] for row in itertools.islice(reader, HEADER_ROWS)]
    except csv.Error as error:
        raise UnreadableError("unreadable", str(error)) from None


def _after(text: str, delimiter: str, header: int) -> str:
    """Return the text below the header."""
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=delimiter)
    for _ in range(header + 1):
        next(reader)
    return stream.read()


def _columnar(body: str, delimiter: str, width: int) -> tuple[pd.DataFrame, dict[int, tuple[int, str]]]:
    """Return the cells by position, and rows of another width: their number from 0, width, text."""
    ragged: dict[int, tuple[int, str]] = {}
    names = [str(position) for position in range(width)]

    def set_aside(row: pa_csv.InvalidRow) -> str:
        ragged[row.number - 1] = (row.actual_columns, row.text)
        return "skip"

    if not body.strip("\r\n"):
        return pd.DataFrame({name: pd.Series(dtype=STRING) for name in names}), {}
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(f"{body}\n".encode()),
            read_options=pa_csv.ReadOptions(use_threads=False, column_names=names),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=set_aside,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowInvalid as error:
        raise UnreadableError("unreadable", str(error).splitlines()[0]) from None
    return table.combine_chunks().to_pandas(types_mapper={pa.string(): STRING}.get), ragged


def _decode(name: str, data: bytes) -> tuple[str, list[Finding]]:
    for encoding in (
        ("utf-8-sig", "utf-16") if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig",)
    ):
        try:
            return data.decode(encoding), []
        except UnicodeDecodeError:
            continue
    text = data.decode("cp1251", errors="replace")
    if not _reads_as_russian(text):
        raise UnreadableError("not_utf8")
    return text, [checks.finding("encoding", name, severity="repair", value="Windows-1251")]


_RUSSIAN = re.compile("[А-Яа-яЁё]")
_FOREIGN = re.compile("[^\x00-\x7fА-Яа-яЁё№«»–—…“”„‘’‚°±·•\u00a0\u00ad§−]")


def _reads_as_russian(text: str) -> bool:
    """Whether text decoded as Windows-1251 is Russian; KOI8-R or DOS text is not.

    Foreign letters give DOS away; in KOI8-R read so the vowels are a fifth of the letters, in
    Russian two fifths.
    """
    letters = _RUSSIAN.findall(text)
    vowels = sum(letter in "аеёиоуыэюяАЕЁИОУЫЭЮЯ" for letter in letters)
    return not _FOREIGN.search(text) and (len(letters) < 12 or vowels / len(letters) > 0.3)


def _read_parquet(table: str, name: str, data: bytes) -> Reading:
    try:
        frame = _within_limits(name, data).to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableError("unreadable", str(error).splitlines()[0]) from None
    if frame.index.name != "row" or str(frame.index.dtype) != "int64" or not frame.index.is_unique:
        frame.index = pd.RangeIndex(2, len(frame) + 2, name="row")
    found = layout(table, [[str(column) for column in frame.columns]], name)
    kept = frame.iloc[:, list(found.columns.values())].set_axis(list(found.columns), axis=1)
    positions = {column: position + 1 for column, position in found.columns.items()}
    return Reading(name, "", kept, found.findings, columns=positions, serials=False)


def _within_limits(name: str, data: bytes, limits: guard.Limits = guard.LIMITS) -> pa.Table:
    """Read a Parquet file in batches and refuse it as soon as it holds more than a source may.

    Equal values cost next to nothing in the file and, as a dictionary, in memory; so texts are
    measured as what they unfold to before they are unfolded.
    """
    schema_of = parquet.read_schema(pa.BufferReader(data))
    texts = [field.name for field in schema_of if _is_text(field.type)]
    file = parquet.ParquetFile(pa.BufferReader(data), read_dictionary=texts)
    rows, columns = file.metadata.num_rows, max(len(schema_of), 1)
    if rows * columns > _PARQUET_CELLS:
        raise UsageError(f"{name} is refused: it holds {rows} rows by {columns} columns")
    batches, spent = [], 0
    for batch in file.iter_batches(batch_size=_BATCH):
        spent += sum(map(_unfolded, batch.columns))
        if spent > limits.inflated_bytes:
            raise UsageError(f"{name} is refused: it unfolds beyond {limits.inflated_bytes // 2**20} MB")
        batches.append(batch)
    table = pa.Table.from_batches(batches, file.schema_arrow)
    plain = [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in table.schema]
    return table.cast(pa.schema(plain, metadata=table.schema.metadata))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))


def _unfolded(column: pa.Array) -> int:
    """How many bytes the values of a column are when each stands by itself."""
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    if not _is_text(column.type.value_type):
        return int(column.indices.nbytes)
    lengths = pc.binary_length(column.dictionary).take(column.indices)
    return int(pc.sum(lengths).as_py() or 0)


_BATCH = 4096
_PARQUET_CELLS = 20 * guard.LIMITS.cells
"""A sheet spends memory on every cell of its grid, columns of Parquet only on what they hold."""

_READERS: dict[str, Callable[[str, str, bytes], Reading]] = {"csv": _read_csv, "parquet": _read_parquet}
SUFFIXES = tuple(f".{suffix}" for suffix in _READERS)
