"""A file of vectors, one row of float32 for each row of a table, and a bit for each row that is there.

Rows are written with plain writes rather than through a memory map: a full disk is then an error, not a crash.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.core.data import Bools, Floats32, Ints


@dataclass(frozen=True)
class VectorFile:
    """`folder` holds vectors.f32 and filled.bits for `rows` rows of `width` numbers. One writer at a time."""

    folder: Path
    rows: int
    width: int

    @property
    def vectors(self) -> Path:
        return self.folder / "vectors.f32"

    @property
    def bits(self) -> Path:
        return self.folder / "filled.bits"

    def prepare(self, about: Mapping[str, Any]) -> None:
        """Make the files, empty, unless both are there at their right sizes. Sparse: rows take space when written."""
        if self._whole():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.bits.unlink(missing_ok=True)  # first: no bit may stand for a row of a new file
        self.vectors.unlink(missing_ok=True)  # a new file, not the old one cut: maps of it stay valid
        with self.vectors.open("wb") as file:
            file.truncate(4 * self.rows * self.width)
        (self.folder / "about.json").write_text(json.dumps(dict(about), indent=1) + "\n", encoding="utf-8")
        fresh = self.folder / "filled.new"
        fresh.write_bytes(bytes(-(-self.rows // 8)))
        fresh.replace(self.bits)

    def filled(self, numbers: Ints) -> Bools:
        """Which of these rows are there."""
        if not self._whole():
            return np.zeros(len(numbers), dtype=bool)
        bits = np.fromfile(self.bits, dtype=np.uint8)
        return np.asarray((bits[numbers >> 3] >> (numbers & 7).astype(np.uint8)) & 1, dtype=bool)

    def read(self, numbers: Ints) -> Floats32:
        """(n, width) these rows, in this order, gathered from the map into one array."""
        if self.rows * self.width == 0 or len(numbers) == 0:
            return np.zeros((len(numbers), self.width), dtype=np.float32)
        held = _mapped(self.vectors, self.vectors.stat().st_ino, self.rows, self.width)
        return np.asarray(np.take(held, numbers, axis=0), dtype=np.float32)

    def write(self, numbers: Ints, vectors: Floats32) -> None:
        """Write rows (`numbers` ascending and distinct), and only when they are on the disk their bits."""
        target = os.open(self.vectors, os.O_WRONLY)
        try:
            for start, stop in _runs(numbers):
                block = np.ascontiguousarray(vectors[start:stop], dtype="<f4")
                _put(target, block.tobytes(), 4 * self.width * int(numbers[start]))
            os.fdatasync(target)
        finally:
            os.close(target)
        target = os.open(self.bits, os.O_RDWR)
        try:
            first, last = int(numbers[0]) >> 3, int(numbers[-1]) >> 3
            part = np.frombuffer(os.pread(target, last - first + 1, first), dtype=np.uint8).copy()
            np.bitwise_or.at(part, (numbers >> 3) - first, np.uint8(1) << (numbers & 7).astype(np.uint8))
            _put(target, part.tobytes(), first)
            os.fdatasync(target)
        finally:
            os.close(target)

    def _whole(self) -> bool:
        try:
            sizes = self.vectors.stat().st_size, self.bits.stat().st_size
        except FileNotFoundError:
            return False
        return sizes == (4 * self.rows * self.width, -(-self.rows // 8))


@functools.lru_cache(maxsize=8)
def _mapped(path: Path, inode: int, rows: int, width: int) -> Floats32:
    """The file as an array. The map is kept for this process: a new one costs a page fault for every page read."""
    return np.asarray(np.memmap(path, dtype="<f4", mode="r", shape=(rows, width)))


def _runs(numbers: Ints) -> Iterator[tuple[int, int]]:
    """Positions of consecutive numbers.

    >>> list(_runs(np.array([3, 4, 5, 9])))
    [(0, 3), (3, 4)]
    """
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    edges = [0, *breaks.tolist(), len(numbers)]
    yield from zip(edges[:-1], edges[1:], strict=True)


def _put(target: int, data: bytes, offset: int) -> None:
    """All of `data`: one call may write less than it was given."""
    view = memoryview(data)
    while len(view):
        done = os.pwrite(target, view, offset)
        view, offset = view[done:], offset + done
