"""A user's file as a table: streamed once, checked on the way, kept as Arrow in the cache, memory-mapped afterwards.

The kept file is named by a hash of the source's bytes and of the layout, so a changed file or another column mapping
is another table. A side file remembers path, size and time of change, so that a large file is not hashed at every
opening. Everything is written beside its place and renamed, so a kill leaves nothing half written.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from tutelage.core.data import Ints, Table
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused
from tutelage.kit.cache import cache_folder
from tutelage.kit.layout import Faults, Layout, format_of, known_encoding
from tutelage.kit.readers import Reader
from tutelage.kit.validate import Checker, duplicates

FORM = 1  # of the kept files; a new number makes every kept file a stranger
SETTLED_NS = 100_000_000  # a file changed this shortly before it was hashed may change again within one clock tick


class Opened(NamedTuple):
    """A file's table, without its labels, and the labels beside it."""

    table: Table  # labels: the names found, sorted
    codes: Ints  # (n,) codes into table.labels, -1 for an empty cell; all -1 without a label column
    first: Mapping[str, int]  # label -> the first row that carries it, counted from 1 below the header
    source: Path  # as the user named it
    notes: tuple[str, ...] = ()


def open_table(path: Path, layout: Layout = Layout()) -> Opened:
    """Read, check and keep a file, or map what was kept. Refused with every fault that was found."""
    path = Path(path)
    layout = dataclasses.replace(layout, format=format_of(path, layout.format))
    known_encoding(path, layout.encoding)
    content = content_of(path)
    key = digest("table", FORM, content, dataclasses.asdict(layout))
    kept, facts = cache_folder("tables") / f"{key}.arrow", cache_folder("tables") / f"{key}.json"
    opened = _mapped(path, layout, kept, facts, key)
    if opened is None:
        _ingest(path, layout, kept, facts)
        if content_of(path) != content:
            kept.unlink()
            raise Refused(Fault(str(path), "the file changed while it was read", "run the command again"))
        opened = _mapped(path, layout, kept, facts, key)
    if opened is None:
        raise Refused(Fault(str(kept), "the cache was emptied while it was read", "run the command again"))
    return opened


def rows_of(
    path: Path,
    text: str = "text",
    format: str | None = None,
    *,
    id: str | None = None,
    task: str | None = None,
    vector: tuple[str, ...] = (),
    encoding: str = "utf-8",
    separator: str | None = None,
) -> Table:
    """The rows of a file without labels: plain lines (.txt; blank lines are left out), CSV, TSV, JSONL or Parquet."""
    return open_table(path, Layout(text, vector, None, id, None, None, task, format, encoding, separator)).table


def content_of(path: Path) -> str:
    """SHA-256 of a file; looked up when path, size and time of change are those of last time."""
    at = path.resolve()
    side = cache_folder("tables") / f"source-{digest(str(at))}.json"
    stat = at.stat()
    now = [stat.st_size, stat.st_mtime_ns]
    remembered = _read(side)
    if remembered is not None and remembered.get("stat") == now:
        return str(remembered["content"])
    begun = time.time_ns()
    with at.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    if begun - stat.st_mtime_ns > SETTLED_NS:
        _write(side, {"path": str(at), "stat": now, "content": content})
    return content


def _ingest(path: Path, layout: Layout, kept: Path, facts: Path) -> None:
    faults = Faults(path)
    reader = Reader(path, str(layout.format), layout, faults)
    checker = Checker(layout, faults, reader.number)
    part = kept.with_suffix(f".{os.getpid()}.tmp")
    try:
        _stream(reader, checker, part)
        if checker.done == 0 and not faults.found:
            header = "a header and no rows" if layout.format in ("csv", "tsv") else "no rows"
            faults.add("", f"the file holds {header}", "was it written to the end?")
        if layout.id is not None and checker.done:
            with pa.memory_map(str(part)) as source:
                duplicates(pa.ipc.open_file(source).read_all().column("id"), layout.id, faults, reader.number)
        faults.refuse()
        part.replace(kept)
    finally:
        part.unlink(missing_ok=True)
    seen = checker.seen
    _write(facts, {"bytes": kept.stat().st_size, "rows": checker.done, "labels": list(seen.codes),
                   "first": seen.first, "notes": seen.notes()})  # fmt: skip


def _stream(reader: Reader, checker: Checker, part: Path) -> None:
    """Every batch through the checker into the file; the writer is opened with the first one."""
    writer = None
    with pa.OSFile(str(part), "wb") as sink:
        for batch in reader.batches():
            clean = checker.clean(batch)
            writer = writer or pa.ipc.new_file(sink, clean.schema)
            writer.write_batch(clean)
        if writer is not None:
            writer.close()


def _mapped(path: Path, layout: Layout, kept: Path, facts: Path, key: str) -> Opened | None:
    """What was kept under this key; None when nothing was, or not whole."""
    told = _read(facts)
    if told is None or not kept.exists() or kept.stat().st_size != told["bytes"]:
        return None
    columns = pa.ipc.open_file(pa.memory_map(str(kept))).read_all()
    labels, codes = _sorted(told["labels"], columns, layout)
    first = dict(zip(told["labels"], told["first"], strict=True))
    if layout.label is not None:
        columns = columns.drop_columns(["label"])
    holds = frozenset({"vector" if layout.vector else "text"})
    table = Table(path.name, columns, holds, labels, digest("file", key))
    return Opened(table, codes, first, path, tuple(told["notes"]))


def _sorted(found: list[str], columns: pa.Table, layout: Layout) -> tuple[tuple[str, ...], Ints]:
    """Labels in sorted order and the codes that fit it: the order of rows must not show."""
    if layout.label is None:
        return (), np.full(columns.num_rows, -1, dtype=np.int64)
    names = sorted(found)
    place = {name: at for at, name in enumerate(names)}
    table = np.array([*(place[name] for name in found), -1], dtype=np.int64)  # the last one answers for -1
    return tuple(names), table[columns.column("label").to_numpy()]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _write(path: Path, told: Mapping[str, Any]) -> None:
    part = path.with_suffix(f".{os.getpid()}.tmp")
    part.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    part.replace(path)
