"""Anybody's table of scores, a row for each item (and seed, and measure): CSV, TSV, JSON lines or Parquet.

Columns are taken by the names in NAMES, or by the options that name them; never by position or by looking at values.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tutelage.core.data import Floats
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.kit.decode import refuse_encoding
from tutelage.kit.layout import Faults, Layout
from tutelage.kit.readers import Batch, Reader
from tutelage.study.foreign.columns import Asked, Columns, Scores, Sheet, as_numbers, as_text, split
from tutelage.study.foreign.json_columns import Wanted, first_object, json_columns

NAMES = {
    "id": ("item", "id", "item_id"),
    "score": ("score", "correct"),
    "seed": ("seed", "epoch"),
    "group": ("group",),
    "metric": ("metric",),
}
NEEDED = ("id", "score")
SEPARATORS = ",\t;|"
WORDS = {"true": 1.0, "false": 0.0}


def own_table(path: Path, format: str, asked: Asked) -> Sheet:
    """The measures of one table: one, called "score", or one for each text of the metric column."""
    separator = None
    if format == "jsonl":
        found = columns_of(path, list(first_object(path)), asked)
        read = _json(path, found)
    else:
        header, separator = (_schema(path), None) if format == "parquet" else _header(path, format)
        found = columns_of(path, header, asked)
        read = _strings(path, format, separator, found)
    items, metric = read.text("id"), read.text("metric")
    scores = Scores("", "score", items, read.value("score"), read.text("seed"), read.text("group"))
    taken = ", ".join(f"{key} = {name}" for key, name in found.items())
    return Sheet(path, format, tuple(split(scores, metric)) if metric is not None else (scores,), notes=(taken,))


def columns_of(path: Path, header: Sequence[str], asked: Asked) -> dict[str, str]:
    """What -> column. Refused where an asked column is not there, or a needed one is not there or not the only one."""
    made, faults = {}, Faults(path)
    listed = ", ".join(header[:30]) + (", ..." if len(header) > 30 else "")
    for key, usual in NAMES.items():
        named = None if key == "metric" else getattr(asked, key)
        there = [name for name in ((named,) if named else usual) if name in header]
        option = "" if key == "metric" else f"--{key} NAME says which"
        if named and not there:
            faults.add(
                "", f"there is no column {named!r}; the columns are: {listed}", f"--{key}: {nearest(named, header)}"
            )
        elif len(there) > 1:
            faults.add("", f"the columns {' and '.join(there)} could both be the {key}", option or "rename one of them")
        elif not there and key in NEEDED:
            what = f"there is no column of the {key} (called {' or '.join(usual)}); the columns are: {listed}"
            faults.add("", what, option)
        elif there and list(header).count(there[0]) > 1:
            faults.add("", f"the column {there[0]!r} stands {list(header).count(there[0])} times", "rename one of them")
        elif there:
            made[key] = there[0]
    faults.refuse()
    return made


def _json(path: Path, found: dict[str, str]) -> Columns:
    texts = {key: (name,) for key, name in found.items() if key != "score"}
    read = json_columns(path, Wanted(texts, (found["score"],)))
    return Columns(read.texts, {"score": read.values[found["score"]]})


def _schema(path: Path) -> list[str]:
    """The columns of a Parquet file that hold one text or number a row."""
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        what = f"the file cannot be read as parquet: {str(error).splitlines()[0]}"
        raise Refused(Fault(str(path), what, "is it whole, and is it Parquet?")) from error
    return [field.name for field in schema if not pa.types.is_nested(field.type)]


def _header(path: Path, format: str) -> tuple[list[str], str]:
    """The first row that is not blank, cut by whatever cuts it most (a tab in TSV)."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = next((line for line in file if not line.isspace()), "")
    except UnicodeDecodeError:
        refuse_encoding(path, "utf-8")
        raise
    cut = {sign: next(csv.reader([line], delimiter=sign), []) for sign in ("\t" if format == "tsv" else SEPARATORS)}
    separator = max(cut, key=lambda sign: len(cut[sign]))
    return cut[separator], separator


def _strings(path: Path, format: str, separator: str | None, found: dict[str, str]) -> Columns:
    layout = Layout(text=None, id=found["id"], label=found["score"], group=found.get("group"),
                    episode=found.get("seed"), task=found.get("metric"), format=format,
                    separator=separator)  # fmt: skip
    made, faults = Columns(), Faults(path)
    reader = Reader(path, format, layout, faults)
    row = 1
    for batch in reader.batches():
        for key, name in found.items():
            if key == "score":
                made.values.setdefault(key, []).append(_numbers(batch, name, row, reader))
            else:
                made.texts.setdefault(key, []).append(_texts(batch, name, row, reader))
        row += len(batch[found["id"]])
    faults.refuse()
    if not made.texts:
        raise Refused(Fault(str(path), "there is a header and no row below it", "was it written to the end?"))
    return made


def _texts(batch: Batch, name: str, row: int, reader: Reader) -> pa.Array:
    column = as_text(batch[name])
    empty = pc.fill_null(pc.equal(pc.binary_length(column), 0), True)
    for at in np.flatnonzero(np.asarray(empty)).tolist():
        reader.faults.add(f"row {reader.number(row + at)}, field {name}", "the cell is empty")
    return column


def _numbers(batch: Batch, name: str, row: int, reader: Reader) -> Floats:
    """Numbers, and true and false in any case; everything else is told."""
    column = batch[name]
    try:
        values = as_numbers(column)
    except pa.ArrowInvalid:
        values = np.array([_number(text) for text in column.to_pylist()], dtype=np.float64)
    for at in np.flatnonzero(~np.isfinite(values)).tolist():
        found = column[at].as_py()
        what = "the cell is empty" if found in (None, "") else f"a finite number is expected, found {str(found)[:60]!r}"
        reader.faults.add(f"row {reader.number(row + at)}, field {name}", what)
    return values


def _number(text: str | None) -> float:
    text = (text or "").strip().lower()
    if text in WORDS:
        return WORDS[text]
    try:
        return float("nan" if "_" in text else text)
    except ValueError:
        return float("nan")
