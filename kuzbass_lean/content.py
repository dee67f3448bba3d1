"""What a frame holds, as bytes: the same values give the same ones, whatever held them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyarrow import compute as pc


def digest(*frames: pd.DataFrame) -> str:
    """Return the SHA-256 of what frames hold: their columns, rows and values, but not their index.

    Neither how a column is stored nor the machine counts: chunks, offsets, byte order, a type that
    can hold missing values or one that need not. Missing text is empty text, as it is in a file.
    """
    total = hashlib.sha256()
    for part in _parts(frames):
        total.update(f"{len(part)}:".encode())
        total.update(part)
    return total.hexdigest()


def rows(frame: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """Return a number for each row of a frame, the same for the same cells; the index does not count."""
    return np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64)


def _parts(frames: Iterable[pd.DataFrame]) -> Iterator[bytes]:
    """Column by column, for that is how frames lie in memory: a row at a time would take minutes."""
    for frame in frames:
        yield f"{len(frame.columns)}".encode()
        for name, column in frame.items():
            yield str(name).encode()
            yield from _values(column)


def _values(column: pd.Series) -> Iterator[bytes]:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = column.astype("datetime64[us]").astype("int64")  # a missing day is a number too
    if pd.api.types.is_numeric_dtype(column.dtype):
        missing = column.isna().to_numpy()
        number = "<f8" if pd.api.types.is_float_dtype(column.dtype) else "<i8"
        yield column.mask(missing, 0).to_numpy(number).tobytes()
        yield np.packbits(missing).tobytes()
    else:
        yield from _texts(column)


def _texts(column: pd.Series) -> Iterator[bytes]:
    """Lengths and letters of all texts, each in one piece."""
    made = pa.array(column).cast(pa.large_string()).fill_null("")
    texts = pa.concat_arrays(made.chunks) if isinstance(made, pa.ChunkedArray) and made.num_chunks else made
    yield np.asarray(pc.binary_length(texts)).astype("<i4").tobytes()
    if len(texts):
        _, starts, letters = texts.buffers()
        bounds = np.frombuffer(starts, "int64")[texts.offset : texts.offset + len(texts) + 1]
        yield np.frombuffer(letters or b"", "uint8")[bounds[0] : bounds[-1]].tobytes()
