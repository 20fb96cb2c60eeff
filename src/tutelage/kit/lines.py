"""JSON lines and plain lines as batches of columns.

A block of JSON lines goes through Arrow's parser when that can only give the same. Otherwise it is read line by line
with the standard library, which names the line that is wrong, where labels may be numbers and a column may be absent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from tutelage.kit.json_blocks import blocks, quick_batch
from tutelage.kit.layout import Faults, Layout, check_columns, signed

LINES = 16_384  # rows of a batch, at most
CHARACTERS = 4 << 20  # of a batch, at most one line more
TEXT = pa.large_string()


def line_batches(path: Path, layout: Layout) -> Iterator[Mapping[str, pa.Array]]:
    """Every line that is not blank, as the text column."""
    batch: list[str] = []
    size = 0
    for _, raw in _raw_lines(path, layout.encoding):
        batch.append(raw.rstrip("\r\n"))
        size += len(raw)
        if len(batch) >= LINES or size >= CHARACTERS:
            yield {str(layout.text): pa.array(batch, TEXT)}
            batch, size = [], 0
    if batch:
        yield {str(layout.text): pa.array(batch, TEXT)}


def json_batches(path: Path, layout: Layout, faults: Faults, skipped: list[int]) -> Iterator[Mapping[str, pa.Array]]:
    """One object a line; `skipped` receives the numbers of rows that are not JSON objects."""
    seen: dict[str, None] = {}
    line = row = 0  # before the block
    for block in blocks(path, layout.encoding):
        quick = quick_batch(block, layout)
        if quick is not None:
            seen.update(dict.fromkeys(quick))
            yield quick
            row += len(block)
        else:
            slow = _Slow(line, row, layout, faults, skipped, seen)
            batch = slow.batch(block)
            row = slow.row
            if batch is not None:
                yield batch
        line += len(block)
    if seen:  # now it is known which columns occur nowhere
        check_columns(list(seen), layout, faults)


@dataclass
class _Slow:
    """A block read line by line; `row` counts the lines that are not blank."""

    line: int
    row: int
    layout: Layout
    faults: Faults
    skipped: list[int]
    seen: dict[str, None]

    def batch(self, block: Sequence[bytes | str]) -> dict[str, pa.Array] | None:
        items, rows = [], []
        for line, raw in enumerate(block, start=self.line + 1):
            text = raw.decode() if isinstance(raw, bytes) else raw
            if text.isspace():
                continue
            self.row += 1
            item = _object(line, text, self.faults)
            if item is None:
                self.skipped.append(self.row)
                continue
            self.seen.update(dict.fromkeys(item))
            items.append(item)
            rows.append(self.row)
        return _columns(items, rows, list(self.seen), self.layout, self.faults) if items else None


def _raw_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    with path.open(encoding=signed(encoding), newline="\n") as file:
        for line, raw in enumerate(file, start=1):
            if not raw.isspace():
                yield line, raw


def _object(line: int, raw: str, faults: Faults) -> dict[str, Any] | None:
    try:
        item = json.loads(raw)
    except ValueError as error:
        faults.add(f"line {line}", f"this is not JSON: {error}", "one JSON object a line; format: names another format")
        return None
    if not isinstance(item, dict):
        faults.add(f"line {line}", f"one JSON object is expected, found {raw.strip()[:60]!r}", 'write {"text": "..."}')
        return None
    return item


def _columns(
    batch: list[dict[str, Any]], rows: list[int], seen: list[str], layout: Layout, faults: Faults
) -> dict[str, pa.Array]:
    payload = layout.vector or (layout.text,)
    if any(name not in seen for name in payload):
        check_columns(seen, layout, faults)  # a label may be absent from many rows, the payload from none
    made: dict[str, pa.Array] = {}
    for name in layout.wanted():
        values = [item.get(name) for item in batch]
        if name in layout.vector:
            made[name] = _numbers(name, values, rows, faults)
        else:
            made[name] = _strings(name, values, rows, name == layout.text, faults)
    return made


def _strings(name: str, values: list[Any], rows: list[int], payload: bool, faults: Faults) -> pa.Array:
    """Strings; numbers and truth values are taken as written where the column is not the payload."""
    for at, value in enumerate(values):
        if value is None or type(value) is str:
            continue
        if payload or isinstance(value, (list, dict)):
            faults.add(f"row {rows[at]}, field {name}", f"a string is expected, found {json.dumps(value)[:60]}")
            values[at] = "?"  # told already; must not be told again as empty
        else:
            values[at] = json.dumps(value)
    try:
        return pa.array(values, TEXT)
    except UnicodeEncodeError:  # JSON can write half of a pair, which no encoding can hold
        for at, value in enumerate(values):
            if value is not None and not _whole(value):
                faults.add(
                    f"row {rows[at]}, field {name}", "the string holds half of a surrogate pair (\\ud800 to \\udfff)"
                )
                values[at] = "?"
        return pa.array(values, TEXT)


def _whole(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _numbers(name: str, values: list[Any], rows: list[int], faults: Faults) -> pa.Array:
    """Numbers, or lists of numbers of one width; a cell that is neither is told and becomes null."""
    lists = isinstance(next((v for v in values if v is not None), None), list)
    for at, value in enumerate(values):
        good = value is None or (_number_list(value) if lists else _number(value))
        if not good:
            wanted = "a list of numbers" if lists else "a number"
            faults.add(f"row {rows[at]}, field {name}", f"{wanted} is expected, found {json.dumps(value)[:60]}")
            values[at] = [0.0] if lists else 0.0
    return pa.array(values, pa.list_(pa.float64()) if lists else pa.float64())


def _number(value: Any) -> bool:
    """Infinity and NaN are numbers here: the rule against them has a sentence of its own."""
    return isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1e308)


def _number_list(value: Any) -> bool:
    return isinstance(value, list) and all(_number(item) for item in value)
