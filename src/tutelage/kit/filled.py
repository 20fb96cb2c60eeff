"""A user's rows, some with a filled label cell, as a course: what is sealed, what is given, what is the exam."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.core.answers import Sealed
from tutelage.core.data import Block, Bools, Course, Ints, Part, Pool, Rng, Rows, labelled
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.kit.courses import course
from tutelage.kit.layout import SUFFIXES, Layout
from tutelage.kit.sides import declared, file_notes, held_out, share_notes, stands_in, with_exam
from tutelage.kit.tables import Opened, open_table

HUMAN = "teach: {use: human} with data.filled: given"


@dataclass(frozen=True)
class Use:
    """What a recipe asks of the rows; `filled` and `exam` as in data/table.py."""

    filled: str = "sealed"
    exam: Mapping[str, Any] = field(default_factory=lambda: {"share": 0.25})
    labels: tuple[str, ...] | None = None
    start_per_class: int = 0
    pool: int | None = None
    unlabelled: str = "no row has a label"  # why no row has one, if none has


def exam_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The setting `exam`, checked: {share: number between 0 and 1}, {file: path} or {bought: whole number}."""
    kinds = ("share", "file", "bought")
    if len(given) != 1 or next(iter(given)) not in kinds:
        what = f"an exam is one of {{share: 0.25}}, {{file: PATH}}, {{bought: 60}}; found {dict(given)!r}"
        raise Refused(Fault("data.exam", what, nearest(str(next(iter(given), "")), kinds)))
    kind, value = next(iter(given.items()))
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    good = {
        "share": number and 0 < value < 1,
        "file": isinstance(value, str) and value != "",
        "bought": number and value >= 1 and value == int(value),
    }
    if not good[kind]:
        wanted = {"share": "a number between 0 and 1", "file": "a path", "bought": "a whole number of rows, at least 1"}
        raise Refused(Fault(f"data.exam.{kind}", f"{wanted[kind]} is expected, found {value!r}"))
    return {kind: value}


def opened_both(path: Path, exam: Path | None, layout: Layout) -> tuple[Opened, Opened | None]:
    """The file and the exam's file by the same layout. Refused with the faults of both."""
    opened: list[Opened] = []
    faults: list[Fault] = []
    found = 0
    for each, how in ((path, layout), (exam, replace(layout, format=None))):
        if each is None:
            continue
        try:
            suffix = each.suffix.lower() in SUFFIXES
            opened.append(open_table(each, how if suffix else layout))
        except Refused as refused:
            faults.extend(refused.faults)
            found += refused.found
    if faults:
        raise Refused(faults, found)
    return opened[0], opened[1] if exam is not None else None


def arranged(opened: Opened, exam_file: Opened | None, use: Use, rng: Rng) -> Course:
    """The course. Refused when nobody could answer, nothing is left to ask, or no exam can be made."""
    opened = declared(opened, use.labels)
    known = opened.codes >= 0
    _check(opened, known, use)
    notes = list(opened.notes)
    exam_table, exam_codes, exam_rows = None, None, None
    if exam_file is not None:
        opened, exam_codes = with_exam(opened, exam_file, use.filled)
        exam_table, exam_rows = exam_file.table, np.flatnonzero(exam_codes >= 0)
        side = stands_in(opened, exam_file, exam_rows)
        notes += file_notes(exam_file, exam_codes, int(side.sum()))
    elif "share" in use.exam:
        side = held_out(opened, float(use.exam["share"]))
        exam_table, exam_codes, exam_rows = opened.table, opened.codes, np.flatnonzero(side & known)
        notes += share_notes(opened, side, known)
    else:
        side = np.zeros(len(known), dtype=bool)
    learn, rest = np.flatnonzero(known & ~side), np.flatnonzero(~known & ~side)
    sealed = use.filled == "sealed"
    _left(opened, learn if sealed else rest, use)
    codes = opened.codes if sealed else np.full(len(known), -1, dtype=np.int64)
    rows = learn if sealed else rest
    made = course(opened.table, codes, exam_table, exam_codes, rng, use.start_per_class, use.pool, notes,
                  rows=rows, exam_rows=exam_rows)  # fmt: skip
    made = made._replace(bought=int(use.exam.get("bought", 0)))
    return _aside(made, opened, rest) if sealed else _given(made, opened, learn)


def _aside(made: Course, opened: Opened, rest: Ints) -> Course:
    """Rows that nobody can answer for become a part of their own."""
    if len(rest) == 0:
        return made
    nothing = Sealed(opened.table, np.full(len(opened.codes), -1, dtype=np.int64))
    part = Part(Pool(opened.table, rest, opened.table.labels), nothing)
    note = f"{len(rest)} rows without a label are set aside as the part 'unlabelled'."
    return made._replace(parts={**made.parts, "unlabelled": part}, notes=(*made.notes, note))


def _given(made: Course, opened: Opened, learn: Ints) -> Course:
    """Filled label cells are lessons already paid for."""
    if len(learn) == 0:
        return made
    about = Rows(Pool(opened.table, learn, opened.table.labels), np.arange(len(learn), dtype=np.int64))
    block: Block = labelled(about, opened.codes[learn], "file", 0.0)
    note = f"{len(learn)} rows came with a label: lessons at no cost."
    return made._replace(given=(block,), notes=(*made.notes, note))


def _check(opened: Opened, known: Bools, use: Use) -> None:
    """What cannot work whatever the split says; all of it at once."""
    source, faults = str(opened.source), []
    if use.filled == "sealed" and not known.any():
        what = f"nobody can answer: {use.unlabelled}, and filled: sealed means that the file holds the answers"
        faults.append(Fault(source, what, f"name the labels with data.label, or let a person answer: {HUMAN}"))
    elif not known.any() and "share" in use.exam:
        what = "no row has a label, so no share of the labelled rows can be the exam"
        help = "buy the exam's labels, data.exam: {bought: 60}, or bring a file, data.exam: {file: PATH}"
        faults.append(Fault(source, what, help))
    if use.filled == "given" and use.start_per_class:
        what = "start_per_class looks at sealed answers, and filled: given has none"
        faults.append(Fault("data.start_per_class", what, "leave it out, or use data.filled: sealed"))
    if faults:
        raise Refused(faults)


def _left(opened: Opened, rows: Ints, use: Use) -> None:
    """Something must be left to ask about, and more of it than a bought exam takes."""
    source, bought = str(opened.source), int(use.exam.get("bought", 0))
    if len(rows) == 0 and use.filled == "given":
        what = "every row has a label or belongs to the exam: nothing is left to ask about"
        help = "add rows without a label, or use data.filled: sealed with teach: {use: oracle}"
        raise Refused(Fault(source, what, help))
    if len(rows) == 0:
        raise Refused(
            Fault(source, "no row is left for the pool beside the exam", "add rows, or make data.exam smaller")
        )
    size = min(len(rows), use.pool or len(rows))
    if bought >= size:
        what = f"an exam of {bought} rows would take the whole pool of {size}"
        raise Refused(Fault("data.exam.bought", what, f"use fewer than {size}"))
