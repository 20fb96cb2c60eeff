"""The labels of a column that is read batch by batch: names, codes, counts, and notes about names that look alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tutelage.core.data import Array, Ints


@dataclass
class Seen:
    """What is known about the labels of a file: per name in order of first sight, how often and where first."""

    codes: dict[str, int] = field(default_factory=dict)
    counts: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    spaced: int = 0  # cells with white space around the label

    def add(self, column: pa.Array, number: Callable[[int], int], done: int) -> Array:
        """Codes (b,) int32 of one batch; white space around a label is removed, an empty cell is -1."""
        trimmed = pc.utf8_trim_whitespace(column)
        self.spaced += pc.sum(pc.and_(pc.not_equal(trimmed, column), pc.not_equal(trimmed, ""))).as_py() or 0
        coded = pc.dictionary_encode(trimmed, null_encoding="encode")
        names = coded.dictionary.to_pylist()
        local = coded.indices.to_numpy(zero_copy_only=False)
        firsts, counts = _first_and_count(local, len(names))
        table = np.full(len(names), -1, dtype=np.int32)
        for at, name in enumerate(names):
            if not name:
                continue
            if name not in self.codes:
                self.codes[name] = len(self.codes)
                self.counts.append(0)
                self.first.append(number(done + int(firsts[at]) + 1))
            table[at] = self.codes[name]
            self.counts[self.codes[name]] += int(counts[at])
        return np.asarray(table[local], dtype=np.int32)

    def notes(self) -> list[str]:
        """Sentences about labels that look alike; a note, because only their owner knows whether they are."""
        said = []
        if self.spaced:
            said.append(f"{self.spaced} label cells had spaces around the label; the spaces were removed.")
        alike: dict[str, list[str]] = {}
        for name in self.codes:
            alike.setdefault(name.casefold(), []).append(name)
        for names in list(alike.values()):
            if len(names) > 1:
                listed = ", ".join(f"{name!r} ({self.counts[self.codes[name]]})" for name in sorted(names))
                said.append(f"These labels differ only in upper and lower case and are kept apart: {listed}.")
        return said[:20]


def _first_and_count(local: Ints, size: int) -> tuple[Ints, Ints]:
    firsts = np.zeros(size, dtype=np.int64)
    firsts[local[::-1]] = np.arange(len(local))[::-1]  # the last assignment is the first occurrence
    return firsts, np.bincount(local, minlength=size)
