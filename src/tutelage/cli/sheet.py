"""The labelling queue as a spreadsheet: out with the open questions, back with the answers, all or nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.core.errors import Fault, Refused, nearest
from tutelage.runs.answered import Queue, answered, queue
from tutelage.runs.journal import lines
from tutelage.runs.record import Record, write

COLUMNS = ("key", "id", "text", "label")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins like this
UNKNOWN = "?"  # in the label column: I don't know


class Sheet(NamedTuple):
    """What a filled sheet says."""

    answers: tuple[tuple[str, Mapping[str, Any]], ...]  # key -> the answer, only where it is new or another
    new_labels: tuple[str, ...]
    empty: int  # rows without a label
    same: int  # rows answered like this before
    encoding: str


def export(record: Record, path: Path) -> int:
    """Write the open questions; how many. A text that is like a formula gets an apostrophe before it."""
    open_ = queue(record)
    sink = io.StringIO(newline="")
    writer = csv.writer(sink)
    writer.writerow(COLUMNS)
    for question in open_.questions:
        writer.writerow([question.key, guarded(question.id), guarded(str(question.x)), ""])
    write(path, sink.getvalue().encode("utf-8-sig"))  # with the mark, or spreadsheets read it as something else
    return len(open_.questions)


def guarded(text: str) -> str:
    """The text, harmless in a spreadsheet.

    >>> guarded("=1+1"), guarded("plain")
    ("'=1+1", 'plain')
    """
    return f"'{text}" if text.startswith(FORMULA) else text


def read_back(record: Record, path: Path, new_labels: bool) -> Sheet:
    """The answers of a sheet. Refused with every row that is wrong; nothing is written here."""
    rows, encoding = _rows(path)
    open_ = queue(record)
    keys = _keys(record, open_)
    faults: list[Fault] = []
    wanted: dict[str, str] = {}
    where: dict[str, int] = {}
    empty = 0
    for number, row in rows:
        label = (row.get("label") or "").strip()
        key = _key(path, number, row, keys, faults)
        if not label:
            empty += 1
        elif key and wanted.setdefault(key, label) != label:
            faults.append(
                Fault(
                    f"{path}, row {number}",
                    f"{label!r} contradicts row {where[key]}, which says {wanted[key]!r} of the same question",
                )
            )
        elif key:
            where.setdefault(key, number)
    added = _labels(path, wanted, where, open_, new_labels, faults)
    answers, same = _changed(record, path, wanted, where, faults)
    if faults:
        raise Refused(faults)
    return Sheet(answers, added, empty, same, encoding)


def _rows(path: Path) -> tuple[list[tuple[int, dict[str, str]]], str]:
    """Rows counted from 1 below the header; the separator is the one that the header uses."""
    if not path.is_file():
        raise Refused(Fault(str(path), "there is no such file"))
    text, encoding = _decoded(path.read_bytes())
    header = text.split("\n", 1)[0]
    separator = max((";", "\t", ","), key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    names = [(name or "").strip() for name in reader.fieldnames or ()]
    if "label" not in names or not {"key", "id"} & set(names):
        what = f"a sheet has the columns key (or id) and label; found: {', '.join(names) or 'nothing'}"
        raise Refused(Fault(str(path), what, "tutelage label RUN --export q.csv writes one to fill"))
    reader.fieldnames = names
    return [
        (number, row) for number, row in enumerate(reader, start=1) if any(row.get(name) for name in names)
    ], encoding


def _decoded(raw: bytes) -> tuple[str, str]:
    """UTF-8 or, by its mark, UTF-16; otherwise what spreadsheets of older make write, cp1252."""
    encoding = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return raw.decode(encoding), encoding
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace"), "cp1252"


def _keys(record: Record, open_: Queue) -> dict[str, str]:
    """Key -> id of every question that is on file: the open ones and those answered since the run stopped."""
    found = {question.key: question.id for question in open_.questions}
    for state in record.states():
        for line in lines(state.folder / "queue.jsonl"):
            if "key" in line:
                found.setdefault(line["key"], line["id"])
    return found


def _key(path: Path, number: int, row: dict[str, str], keys: Mapping[str, str], faults: list[Fault]) -> str:
    """The question that a row answers, by key, else by id; "" when neither is known."""
    given = (row.get("key") or "").strip()
    if given:
        if given not in keys:
            faults.append(
                Fault(
                    f"{path}, row {number}, field key",
                    f"this run asks no question {given!r}",
                    nearest(given, keys) if len(given) > 4 else "",
                )
            )
            return ""
        return given
    id = (row.get("id") or "").strip()
    found = [key for key, one in keys.items() if id in {one, guarded(one)}]
    if len(found) == 1:
        return found[0]
    what = (
        f"the id {id!r} stands for {len(found)} questions; fill the column key"
        if found
        else f"this run asks nothing about the id {id!r}"
    )
    faults.append(Fault(f"{path}, row {number}, field id", what, "" if found else nearest(id, keys.values())))
    return ""


def _labels(
    path: Path, wanted: Mapping[str, str], where: Mapping[str, int], open_: Queue, new_labels: bool, faults: list[Fault]
) -> tuple[str, ...]:
    """The labels that are new; faults where they may not be."""
    known = set(open_.labels)
    added = tuple(dict.fromkeys(label for label in wanted.values() if label != UNKNOWN and label not in known))
    if added and not new_labels:
        for label in added:  # one fault a label, however many rows have it
            rows = sorted(where[key] for key, given in wanted.items() if given == label)
            place = ", ".join(str(row) for row in rows[:5]) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
            near = nearest(label, open_.labels) if open_.labels else "there are no labels yet"
            faults.append(
                Fault(
                    f"{path}, row{'s' if len(rows) > 1 else ''} {place}, field label",
                    f"{label!r} is not a label of this run",
                    f"{near}; --new-labels adds it",
                )
            )
    return added


def _changed(
    record: Record, path: Path, wanted: Mapping[str, str], where: Mapping[str, int], faults: list[Fault]
) -> tuple[tuple[tuple[str, Mapping[str, Any]], ...], int]:
    """The answers that are not on file yet; one that the run has used already cannot become another."""
    have = answered(record.folder)
    used = {bought[0] for state in record.states() for line in lines(state.folder / "events.jsonl")
            if line["event"] == "pay" for bought in line["bought"]}  # fmt: skip
    answers, same = [], 0
    for key, label in wanted.items():
        value = {"skip": True} if label == UNKNOWN else {"label": label}
        before = {name: item for name, item in have.get(key, {}).items() if name in {"label", "skip"}}
        if before == value:
            same += 1
        elif key in used:
            faults.append(
                Fault(
                    f"{path}, row {where[key]}",
                    f"the run has used the answer {before.get('label', UNKNOWN)!r} already; it cannot become {label!r}",
                )
            )
        else:
            answers.append((key, value))
    return tuple(answers), same
