"""From figures to rows: ``data/lineage`` says in which file, sheet and line each row behind a figure stands.

Executed notebooks name rows by their keys. Lines are looked up when a site is put together, in the
registry at hand, so that a row which only moved makes no page stale and no line is ever an old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from kuzbass_lean import figures
from kuzbass_lean.places import Origin
from kuzbass_lean.press import export
from kuzbass_lean.registry import Registry

Sets = Mapping[str, Mapping[str, str]]
"""Sets of rows by their name (``figures.set_id``): packed keys by table."""

SCHEMA: Final = pa.schema(
    {
        "rows": pa.string(),
        "table": pa.string(),
        "file": pa.string(),
        "sheet": pa.string(),
        "row": pa.int64(),
        "key": pa.string(),
    }
)
MOST_CSV_ROWS: Final = 1_000_000
"""A longer table is written as Parquet only: no spreadsheet opens it."""
_CHUNK: Final = 250_000


def write(folder: Path, registry: Registry, sets: Sets) -> tuple[str, ...]:
    """Write ``lineage.parquet`` and, unless it is too long, ``lineage.csv``; return their names.

    ``row`` is the line in the file; file, sheet and row are empty where the registry does not hold
    the row.
    """
    path, count = folder / "lineage.parquet", 0
    with parquet.ParquetWriter(path, SCHEMA) as writer:
        for chunk in _found(registry, sets):
            count += len(chunk)
            writer.write_table(pa.Table.from_pandas(chunk, SCHEMA, preserve_index=False))
    if count > MOST_CSV_ROWS:
        return (path.name,)
    export.write_csv(folder / "lineage.csv", read(path))
    return path.name, "lineage.csv"


def read(path: Path) -> pd.DataFrame:
    """Return a written lineage."""
    frame: pd.DataFrame = parquet.read_table(path).to_pandas()
    return frame.astype({"row": "Int64"})


def _found(registry: Registry, sets: Sets) -> Iterator[pd.DataFrame]:
    """Give the rows of every set, table by table and within one by the sets' names."""
    for table in sorted({table for tables in sets.values() for table in tables}):
        frame = registry.frame(table)
        lines = registry.origins.get(table, Origin()).places(frame.index)
        lines = lines.assign(key=figures.key_texts(table, frame)).astype({"key": "str", "row": "Int64"})
        packed = ((name, sets[name][table]) for name in sorted(sets) if table in sets[name])
        for chunk in _chunks(packed):
            yield chunk.merge(lines, on="key", how="left").assign(table=table)[SCHEMA.names]


def _chunks(packed: Iterable[tuple[str, str]]) -> Iterator[pd.DataFrame]:
    names: list[str] = []
    keys: list[str] = []
    for name, text in packed:
        found = figures.unpack(text)
        names += [name] * len(found)
        keys += found
        if len(keys) >= _CHUNK:
            yield pd.DataFrame({"rows": names, "key": keys}, dtype="str")
            names, keys = [], []
    if keys:
        yield pd.DataFrame({"rows": names, "key": keys}, dtype="str")
