"""Rows of a file of prompts with replies, one dictionary each, numbered from 1 below the header."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow.parquet as pq

from tutelage.kit.layout import Faults, signed

Row: TypeAlias = tuple[int, dict[str, Any]]
AT_ONCE = 1024  # rows of Parquet that are decoded at a time


@dataclass(frozen=True)
class ReplyLayout:
    """Which column is what."""

    prompt: str = "prompt"
    replies: str = "reply"
    source: str | None = None
    numbers: tuple[str, ...] = ()
    id: str | None = None
    format: str | None = None
    encoding: str = "utf-8"
    separator: str | None = None
    longest: int = 100_000  # characters of a prompt or a reply

    def named(self) -> dict[str, str]:
        """Setting -> column that every row must have; a source or a number may also stand in a reply."""
        given = {"prompt": self.prompt, "replies": self.replies, "id": self.id}
        return {key: name for key, name in given.items() if name is not None}


def json_rows(path: Path, layout: ReplyLayout, faults: Faults) -> Iterator[Row]:
    """One object a line; blank lines are no rows, a line that is no object is told and left out."""
    number = 0
    with path.open(encoding=signed(layout.encoding), newline="\n") as file:
        for line, raw in enumerate(file, start=1):
            if raw.isspace():
                continue
            number += 1
            try:
                row = json.loads(raw)
            except ValueError as error:
                faults.add(f"line {line}", f"this is not JSON: {error}", "one JSON object a line")
                continue
            if isinstance(row, dict):
                yield number, row
            else:
                faults.add(f"line {line}", f"one JSON object is expected, found {raw.strip()[:60]!r}")


def csv_rows(path: Path, layout: ReplyLayout, faults: Faults) -> Iterator[Row]:
    """Cells under the names of the header, empty ones None; a ragged row is told and left out."""
    separator = layout.separator or ("\t" if path.suffix.lower() in {".tsv", ".tab"} else ",")
    csv.field_size_limit(max(csv.field_size_limit(), 8 * layout.longest))
    with path.open(encoding=signed(layout.encoding), newline="") as file:
        rows = csv.reader(file, delimiter=separator)
        head = next(rows, [])
        for number, row in enumerate((row for row in rows if row), start=1):
            if len(row) != len(head):
                faults.add(f"row {number}", f"the row has {len(row)} cells, the header {len(head)}",
                                "put quotation marks around a cell that holds the separator")  # fmt: skip
                continue
            yield number, {name: cell or None for name, cell in zip(head, row, strict=True)}


def parquet_rows(path: Path, layout: ReplyLayout, faults: Faults) -> Iterator[Row]:
    """Lists and structs become lists and dictionaries."""
    number = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=AT_ONCE):
            for row in batch.to_pylist():
                number += 1
                yield number, row


ROWS: dict[str, Callable[[Path, ReplyLayout, Faults], Iterator[Row]]] = {
    "jsonl": json_rows,
    "csv": csv_rows,
    "tsv": csv_rows,
    "parquet": parquet_rows,
}
