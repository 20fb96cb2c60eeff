"""Small questions about Arrow arrays, answered without making one Python object per cell."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tutelage.core.data import Ints

WHITE = np.zeros(256, dtype=bool)  # bytes that white space may begin with, in UTF-8
WHITE[[*range(0x21), 0xC2, 0xE1, 0xE2, 0xE3]] = True


def sizes(column: pa.Array) -> Ints:
    """(n,) bytes of each cell of a large_string array."""
    return np.diff(_offsets(column))


def blank(column: pa.Array) -> Ints:
    """Positions of cells that are empty or white space only; `column` is large_string without nulls.

    >>> blank(pa.array(["a", "", " b", "  ", chr(0xA0)], pa.large_string())).tolist()
    [1, 3, 4]
    """
    offsets = _offsets(column)
    held = column.buffers()[2]
    data = np.frombuffer(held, dtype=np.uint8) if held is not None and held.size else np.zeros(1, dtype=np.uint8)
    empty = offsets[1:] == offsets[:-1]
    maybe = np.flatnonzero(empty | WHITE[data[np.minimum(offsets[:-1], len(data) - 1)]])
    trimmed = pc.utf8_trim_whitespace(column.take(pa.array(maybe)))
    return np.asarray(maybe[sizes(trimmed) == 0], dtype=np.int64)


def _offsets(column: pa.Array) -> Ints:
    if len(column) == 0:
        return np.zeros(1, dtype=np.int64)
    return np.frombuffer(column.buffers()[1], dtype=np.int64)[column.offset : column.offset + len(column) + 1]


def true_rows(mask: pa.Array) -> Ints:
    """Positions where a boolean array is true."""
    return np.flatnonzero(mask.to_numpy(zero_copy_only=False))


def is_string(type: pa.DataType) -> bool:
    """Whether a column of this type holds text, also as a dictionary."""
    if pa.types.is_dictionary(type):
        type = type.value_type
    return bool(pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_string_view(type))


def is_number(cell: str) -> bool:
    """Whether float() reads it."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def decodes(cell: bytes | None) -> bool:
    """Whether these bytes are UTF-8; a missing cell is."""
    try:
        (cell or b"").decode()
    except UnicodeDecodeError:
        return False
    return True
