"""What people are asked and what they answered.

An arm that waits leaves its questions in a file; the answers stand in one journal per run, shared by its arms and
seeds, where the last answer to a question counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.core.errors import Waiting
from tutelage.runs.journal import Journal, lines
from tutelage.runs.record import Record, write


class Question(NamedTuple):
    """One row that a person is asked about."""

    key: str
    id: str
    x: Any
    unit: str


class Queue(NamedTuple):
    """What a run waits for: every question of every waiting arm once, and the labels to choose from."""

    questions: tuple[Question, ...]
    labels: tuple[str, ...]


def answered(folder: Path) -> dict[str, Any]:
    """Map key -> {"label": name, "by": who, "at": when} or {"skip": True, ...}; answers taken back are not there."""
    found: dict[str, Any] = {}
    for line in lines(folder / "answers.jsonl"):
        if line["value"] is None:
            found.pop(line["key"], None)
        else:
            found[line["key"]] = line["value"]
    return found


def queue(record: Record) -> Queue:
    """The open questions, in the order in which they were asked; answered ones are left out."""
    have = answered(record.folder)
    questions: dict[str, Question] = {}
    labels: tuple[str, ...] = ()
    for state in record.states():
        if state.status != "waiting":
            continue
        head, *rows = lines(state.folder / "queue.jsonl")
        labels = max(labels, tuple(head["labels"]), key=len)
        for row in rows:
            if row["key"] not in have:
                questions.setdefault(row["key"], Question(row["key"], row["id"], row["x"], row["unit"]))
    for value in have.values():
        if value.get("label") is not None and value["label"] not in labels:
            labels = (*labels, value["label"])
    return Queue(tuple(questions.values()), labels)


def answer(record: Record, given: Iterable[tuple[str, Mapping[str, Any] | None]], by: str) -> None:
    """Write answers: (key, {"label": name} or {"skip": True}, or None to take one back), each with who and when."""
    journal = Journal(record.folder / "answers.jsonl")
    for key, value in given:
        stamped = None if value is None else {**value, "by": by, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        journal.append({"event": "answer", "key": key, "value": stamped})
    journal.close()


def ask(place: Path, waiting: Waiting) -> None:
    """What a person has to answer, whole and readable without the data set."""
    asked = waiting.about.examples()
    payload = "text" if "text" in asked.holds else sorted(asked.holds)[0]
    values = asked.column(payload).to_pylist()
    labels = list(asked.labels)
    rows = [
        {"key": key, "id": id, "x": x, "unit": waiting.unit}
        for key, id, x in zip(waiting.keys, asked.ids(), values, strict=True)
    ]
    head = {"labels": labels, "unit": waiting.unit, "asked": len(rows)}
    write(place / "queue.jsonl", "\n".join(json.dumps(line, ensure_ascii=False) for line in [head, *rows]) + "\n")
