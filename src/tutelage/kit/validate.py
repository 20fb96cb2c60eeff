"""Turn batches as read into the columns of a table, and tell every cell that cannot stay as it is.

Out come `id` (string), `text` (large_string) or `vector` (a fixed-size list of float32), perhaps group, episode and
task (string), and `label`: int32 codes in order of first sight, -1 where the cell is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tutelage.core.data import Array, Ints
from tutelage.kit.cells import blank, decodes, is_number, is_string, sizes, true_rows
from tutelage.kit.label_names import Seen
from tutelage.kit.layout import Faults, Layout


@dataclass
class Checker:
    """Checks batches in the order of the file; `number` says which row of the file the n-th delivered row is."""

    layout: Layout
    faults: Faults
    number: Callable[[int], int]
    seen: Seen = field(default_factory=Seen)
    done: int = 0
    width: int | None = None

    def clean(self, columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
        """One batch of the table, the same number of rows; faults are only collected."""
        layout, made = self.layout, {}
        count = len(next(iter(columns.values())))
        made["id"] = self._ids(columns, count)
        if layout.vector:
            made["vector"] = self._vectors([columns[name] for name in layout.vector], count)
        else:
            made["text"] = self._texts(columns[str(layout.text)])
        for key in ("group", "episode", "task"):
            name = getattr(layout, key)
            if name is not None:
                made[key] = self._string(name, columns[name]).cast(pa.string())
        if layout.label is not None:
            column = self._string(layout.label, columns[layout.label])
            made["label"] = pa.array(self.seen.add(column, self.number, self.done))
        self.done += count
        return pa.record_batch(made)

    def _tell(self, rows: Ints, name: str, what: Callable[[int], str], help: str = "") -> None:
        """One fault per position in this batch."""
        for at, row in enumerate(rows):
            if self.faults.full:
                self.faults.more(len(rows) - at)
                return
            self.faults.add(f"row {self.number(self.done + int(row) + 1)}, field {name}", what(int(row)), help)

    def _ids(self, columns: Mapping[str, pa.Array], count: int) -> pa.Array:
        name = self.layout.id
        if name is None:
            numbers = np.arange(self.done + 1, self.done + count + 1)
            return pa.array(numbers).cast(pa.string())
        column = self._string(name, columns[name])
        empty = pc.or_(pc.is_null(column), pc.equal(pc.fill_null(column, ""), ""))
        self._tell(
            true_rows(empty), name, lambda _: "the id is empty", "fill it, or leave `id` out: rows are then numbered"
        )
        return pc.fill_null(column, "").cast(pa.string())

    def _texts(self, column: pa.Array) -> pa.Array:
        name, longest = str(self.layout.text), self.layout.longest
        if not is_string(column.type):
            self.faults.add(f"field {name}", f"a column of text is expected, this one holds {column.type}")
            self.faults.refuse()
        column = self._string(name, column)
        self._tell(true_rows(pc.is_null(column)), name, lambda _: "the text is missing", "fill it, or remove the row")
        column = pc.fill_null(column, "?") if column.null_count else column
        self._tell(blank(column), name, lambda _: "the text is empty", "fill it, or remove the row")
        maybe = np.flatnonzero(sizes(column) > longest)  # bytes; characters are at most as many
        if len(maybe):
            lengths = pc.utf8_length(column.take(pa.array(maybe))).to_numpy()
            long = dict(zip(maybe[lengths > longest].tolist(), lengths[lengths > longest].tolist(), strict=True))
            help = "shorten it, or raise the setting `longest`"
            self._tell(np.array(list(long), dtype=np.int64), name,
                       lambda row: f"the text has {long[row]:,} characters; {longest:,} are allowed", help)  # fmt: skip
        return column

    def _string(self, name: str, column: pa.Array) -> pa.Array:
        """As large_string with valid UTF-8; numbers and dictionaries are written out."""
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            self.faults.add(f"field {name}", f"a column of text or numbers is expected, this one holds {column.type}")
            self.faults.refuse()
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            bad = [at for at, value in enumerate(column.cast(pa.large_binary())) if not decodes(value.as_py())]
            self._tell(np.array(bad), name, lambda _: "the bytes are not UTF-8, which the format prescribes")
            self.faults.refuse()
        return column.cast(pa.large_string())

    def _vectors(self, columns: list[pa.Array], count: int) -> pa.Array:
        names = self.layout.vector
        if len(names) == 1 and pa.types.is_nested(columns[0].type):
            flat = self._lists(names[0], columns[0])
        else:
            numbers = [self._numbers(name, column) for name, column in zip(names, columns, strict=True)]
            flat = np.stack(numbers, axis=1)
        bad = ~np.isfinite(flat)
        for at in np.flatnonzero(bad.any(axis=0)):
            name = names[at] if len(names) > 1 else names[0]
            cells = flat[:, at]
            self._tell(np.flatnonzero(bad[:, at]), name, lambda row: f"{cells[row]} is not a finite number")  # noqa: B023 (called at once)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), flat.shape[1])

    def _numbers(self, name: str, column: pa.Array) -> Array:
        """(b,) float32; a cell that is no number, or empty, is told and becomes 0."""
        if is_string(column.type):
            column = pc.utf8_trim_whitespace(column)
        try:
            values = column.cast(pa.float64())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            cells = [cell or None for cell in column.cast(pa.string()).to_pylist()]  # an empty cell is a missing one
            bad = [at for at, cell in enumerate(cells) if cell is not None and not is_number(cell)]
            self._tell(np.array(bad, dtype=np.int64), name, lambda row: f"{cells[row]!r} is not a number")
            for at in bad:
                cells[at] = "0"
            values = pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
        self._tell(true_rows(pc.is_null(values)), name, lambda _: "the cell is empty", "every row needs a number here")
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is told as such
            return np.asarray(pc.fill_null(values, 0.0).to_numpy(zero_copy_only=False).astype(np.float32))

    def _lists(self, name: str, column: pa.Array) -> Array:
        widths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        self.width = self.width or int(widths[0]) or 1
        odd = np.flatnonzero(widths != self.width)
        self._tell(odd, name, lambda row: f"the vector has {widths[row]} numbers, the first one {self.width}")
        self.faults.refuse()
        return self._numbers(name, column.flatten()).reshape(-1, self.width)


def duplicates(ids: pa.ChunkedArray, name: str, faults: Faults, number: Callable[[int], int]) -> None:
    """Tell every id that stands in more than one row."""
    if pc.count_distinct(ids, mode="all").as_py() == len(ids):
        return
    counts = pc.value_counts(ids)
    twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
    twice = [id for id in twice if id]  # empty ids have their own sentence
    for at, id in enumerate(twice):
        if faults.full:
            faults.more(len(twice) - at)
            return
        rows = [number(int(row) + 1) for row in true_rows(pc.equal(ids, id).combine_chunks())]
        listed = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
        what = f"the id {id!r} stands in {len(rows)} rows: {listed}"
        faults.add(f"row {rows[1]}, field {name}", what, "ids must be unique; leave `id` out to number the rows")
