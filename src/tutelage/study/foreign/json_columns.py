"""JSON lines as columns: by Arrow's parser, or line by line where that cannot say the same or something is wrong."""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pajson

from tutelage.core.data import Floats
from tutelage.core.errors import Fault, Refused
from tutelage.kit.decode import refuse_encoding
from tutelage.kit.json_blocks import blocks
from tutelage.kit.layout import Faults
from tutelage.study.foreign.columns import TEXT, Columns, as_numbers, as_text

FAR = 1e308  # beyond, whole numbers are no float
Place: TypeAlias = tuple[str, ...]  # ("doc", "subject"): a field inside a field
ARROW: dict[type, pa.DataType] = {int: pa.int64(), float: pa.float64(), str: TEXT, bool: pa.bool_()}


class Wanted(NamedTuple):
    """The fields to read; everything else in a line is skipped."""

    texts: Mapping[str, Place]  # our name -> where it stands; texts, whole numbers or truth values
    values: tuple[str, ...]  # fields that hold one number, or a truth value


def first_object(path: Path) -> dict[str, Any]:
    """The first line that is not blank. Refused when that is no object."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if not raw.isspace():
                item = _object(raw)
                if isinstance(item, str):
                    raise Refused(Fault(f"{path}, line {number}", item, "--format says what the file is"))
                return item
    raise Refused(Fault(str(path), "the file holds blank lines only", "was it written to the end?"))


def json_columns(path: Path, wanted: Wanted) -> Columns:
    """The wanted fields of every line. Refused with the lines and fields that are missing or of another kind."""
    made, faults = Columns(), Faults(path)
    types = _schema(first_object(path), wanted)
    line = 0
    try:
        for block in blocks(path, "utf-8"):
            lines = [raw for raw in block if isinstance(raw, bytes)]
            texts, values = _quick(lines, wanted, types) or _slow(lines, line, wanted, faults)
            for name, column in texts.items():
                made.texts.setdefault(name, []).append(column)
            for name, numbers in values.items():
                made.values.setdefault(name, []).append(numbers)
            line += len(lines)
    except UnicodeDecodeError:
        refuse_encoding(path, "utf-8")
        raise
    faults.refuse()
    return made


def _schema(first: dict[str, Any], wanted: Wanted) -> pa.Schema | None:
    """What Arrow is told to expect, by the first line; None where that line has a field of no single kind."""
    fields: dict[str, pa.DataType] = dict.fromkeys(wanted.values, pa.float64())
    for name in wanted.values:
        if type(first.get(name)) is bool:
            fields[name] = pa.bool_()
    for place in wanted.texts.values():
        kind = ARROW.get(type(_at(first, place)))
        if kind is None or kind == pa.float64():
            return None
        fields[place[0]] = kind if len(place) == 1 else pa.struct([(place[1], kind)])
    return pa.schema(list(fields.items()))


def _quick(
    lines: Sequence[bytes], wanted: Wanted, types: pa.Schema | None
) -> tuple[dict[str, pa.Array], dict[str, Floats]] | None:
    if types is None:
        return None
    whole = b"".join(lines)
    if not whole.isascii():
        whole.decode()  # Arrow does not look; raises UnicodeDecodeError
    parse = pajson.ParseOptions(types, unexpected_field_behavior="ignore")
    try:
        read = pajson.read_json(pa.py_buffer(whole), pajson.ReadOptions(False, len(whole) + 1), parse)
    except pa.ArrowInvalid:
        return None
    texts = {}
    for name, place in wanted.texts.items():
        column = read.column(place[0]).combine_chunks()
        texts[name] = as_text(pc.struct_field(column, place[1]) if len(place) == 2 else column)
    values = {name: as_numbers(read.column(name).combine_chunks()) for name in wanted.values}
    if read.num_rows != len(lines) or any(column.null_count for column in texts.values()):
        return None
    return (texts, values) if all(np.isfinite(column).all() for column in values.values()) else None


def _slow(
    lines: Sequence[bytes], before: int, wanted: Wanted, faults: Faults
) -> tuple[dict[str, pa.Array], dict[str, Floats]]:
    """One line after the other; what is wrong is told with its line and field."""
    texts: dict[str, list[str]] = {name: [] for name in wanted.texts}
    values: dict[str, list[float]] = {name: [] for name in wanted.values}
    for number, raw in enumerate(lines, start=before + 1):
        raw.decode()  # raises UnicodeDecodeError
        if raw.isspace():
            continue
        item = _object(raw)
        if isinstance(item, str):
            faults.add(f"line {number}", item)
            continue
        for name, place in wanted.texts.items():
            text, found = _text(_at(item, place))
            if found:
                where = f"line {number}, field {'.'.join(place)}"
                faults.add(where, f"a text or a whole number is expected, found {found}")
            texts[name].append(text)
        for name in wanted.values:
            value, found = _value(item.get(name))
            if found:
                faults.add(f"line {number}, field {name}", f"a finite number is expected, found {found}")
            values[name].append(value)
    return (
        {name: pa.array(column, TEXT) for name, column in texts.items()},
        {name: np.array(column, dtype=np.float64) for name, column in values.items()},
    )


def _text(value: Any) -> tuple[str, str]:
    """The value as text; and what it is where it cannot be one."""
    if value is None or value == "":
        return "", "nothing"
    if isinstance(value, (list, dict, float)):
        return "", json.dumps(value)[:60]
    text = value if isinstance(value, str) else json.dumps(value)
    half = any("\ud800" <= character <= "\udfff" for character in text)  # JSON can write half of a pair
    return ("", "half of a surrogate pair") if half else (text, "")


def _value(value: Any) -> tuple[float, str]:
    """The value as a number; and what it is where it cannot be one."""
    if isinstance(value, (int, float)) and abs(value) < FAR:
        return float(value), ""
    return math.nan, "nothing" if value is None else json.dumps(value)[:60]


def _at(item: dict[str, Any], place: Place) -> Any:
    value: Any = item
    for name in place:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _object(raw: bytes) -> dict[str, Any] | str:
    """The line's object, or in a sentence why it is none."""
    try:
        item = json.loads(raw.removeprefix(codecs.BOM_UTF8))
    except ValueError as error:
        return f"this is not JSON: {error}"
    if not isinstance(item, dict):
        return f"one JSON object a line is expected, found {raw[:60].decode(errors='replace').strip()!r}"
    return item
