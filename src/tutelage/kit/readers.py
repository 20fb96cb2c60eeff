"""Stream CSV, TSV, JSONL, Parquet and plain lines as bounded batches of columns; faults of form are told by row.

Rows are counted from 1 below the header; blank lines are not rows. A row that cannot be read at all (ragged, bad
JSON) is left out of the batches and its number is kept in `skipped`, so that later rows keep their numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from tutelage.core.errors import Fault, Refused
from tutelage.kit.decode import refuse_encoding
from tutelage.kit.layout import Faults, Layout, check_columns, signed
from tutelage.kit.lines import json_batches, line_batches

Batch: TypeAlias = Mapping[str, pa.Array]
BLOCK = 4 << 20  # bytes of a file read at once; a cell must fit


@dataclass
class Reader:
    """One pass over one file."""

    path: Path
    format: str
    layout: Layout
    faults: Faults
    skipped: list[int] = field(default_factory=list)  # data row numbers that are in no batch, ascending

    def batches(self) -> Iterator[Batch]:
        """The wanted columns, batch by batch. Raises Refused for what makes reading on impossible."""
        of: dict[str, Callable[[], Iterator[Batch]]] = {
            "csv": self._csv,
            "tsv": self._csv,
            "jsonl": lambda: json_batches(self.path, self.layout, self.faults, self.skipped),
            "parquet": self._parquet,
            "lines": lambda: line_batches(self.path, self.layout),
        }  # fmt: skip
        try:
            yield from of[self.format]()
        except (UnicodeError, csv.Error, pa.ArrowInvalid) as error:
            if self.format != "parquet":
                refuse_encoding(self.path, self.layout.encoding)
            self.faults.refuse()
            raise Refused(self._unreadable(error)) from error

    def number(self, row: int) -> int:
        """The row in the file of the `row`-th (from 1) row delivered."""
        for missing in self.skipped:
            if missing > row:
                break
            row += 1
        return row

    def _unreadable(self, error: Exception) -> Fault:
        said = str(error).splitlines()[0]
        help = {
            "parquet": "is it whole, and is it Parquet? format: names another format",
            "csv": "a quotation mark that is never closed looks like this, and so does a single cell of megabytes",
        }.get(self.format.replace("tsv", "csv"), "")
        return Fault(str(self.path), f"the file cannot be read as {self.format}: {said}", help)

    # ---- CSV and TSV

    def _csv(self) -> Iterator[Batch]:
        layout, separator = self.layout, self.layout.delimiter(self.format)
        check_columns(self._header(separator), layout, self.faults, separator)
        wanted = layout.wanted()
        reader = pacsv.open_csv(
            self.path,
            read_options=pacsv.ReadOptions(
                block_size=max(BLOCK, 8 * layout.longest), encoding=layout.encoding, use_threads=False
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=self._ragged
            ),
            convert_options=pacsv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.large_string()), strings_can_be_null=False
            ),
        )
        for batch in reader:
            yield {name: batch.column(name) for name in wanted}

    def _header(self, separator: str) -> list[str]:
        with self.path.open(encoding=signed(self.layout.encoding), newline="") as file:
            for names in csv.reader(file, delimiter=separator):
                if names:
                    return names
        raise Refused(Fault(str(self.path), "the file holds blank lines only", "was it written to the end?"))

    def _ragged(self, row: Any) -> str:
        number = row.number - 1
        self.skipped.append(number)
        help = (
            "an unclosed quotation mark?"
            if row.text.count('"') % 2
            else "put quotation marks around a cell that holds the separator"
        )
        what = f"the row has {row.actual_columns} cells, the header {row.expected_columns}: {row.text[:60]!r}"
        self.faults.add(f"row {number}", what, help)
        return "skip"

    # ---- Parquet

    def _parquet(self) -> Iterator[Batch]:
        wanted = self.layout.wanted()
        with pa.memory_map(str(self.path)) as source, pq.ParquetFile(source, pre_buffer=False) as file:
            check_columns(file.schema_arrow.names, self.layout, self.faults)
            meta = file.metadata
            size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
            rows = max(64, min(65_536, 2 * BLOCK * meta.num_rows // max(size, 1)))  # decoded a few pages at a time
            for batch in file.iter_batches(batch_size=rows, columns=wanted, use_threads=False):
                yield {name: batch.column(name) for name in wanted}
