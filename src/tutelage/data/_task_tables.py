"""Tasks put together: the rows of several in one table, their items in one exam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tutelage.core.answers import Sealed
from tutelage.core.data import Block, Exam, Ints, Itself, Label, Pool, Table, Text
from tutelage.core.data import Rows as About
from tutelage.data._tasks import Rows, Task
from tutelage.kit.courses import examine
from tutelage.kit.reply_courses import references_of


def table_of(
    name: str, tasks: Sequence[tuple[str, Rows]], labels: tuple[str, ...], rows: Ints | None = None,
    episode: Ints | None = None,
) -> Table:  # fmt: skip
    """The rows of all tasks in one table, those of `rows` in this order. A row of a task without replies has none."""
    whole = [one for _, one in tasks]
    at = np.arange(sum(len(one.ids) for one in whole)) if rows is None else rows

    def picked(values: Sequence[Any]) -> list[Any]:
        return [values[row] for row in at.tolist()]

    first = whole[0].payload
    columns: dict[str, Any] = {"id": picked([f"{task}/{id}" for task, one in tasks for id in one.ids])}
    if isinstance(first, list):
        columns["text"] = pa.array(picked([text for one in whole for text in one.payload]), pa.large_string())
    else:
        columns["vector"] = np.concatenate([one.payload for one in whole])[at]
    columns["task"] = picked([task for task, one in tasks for _ in one.ids])
    told = any(one.replies is not None for one in whole)
    if told:
        said: list[str | None] = []
        for one in whole:
            said += [None] * len(one.ids) if one.replies is None else one.replies
        columns["reply"] = pa.array(picked(said), pa.large_string())
    if told or any(group is not None for one in whole for group in one.groups):
        columns["group"] = picked([f"{task}/{group or id}" for task, one in tasks
                                   for group, id in zip(one.groups, one.ids, strict=True)])  # fmt: skip
    if episode is not None:
        columns["episode"] = episode
    return Table.of(f"task {name}", columns, labels)


def exam_of(tasks: Sequence[Task], labels: tuple[str, ...], codes: Sequence[Ints]) -> Exam:
    """The items of all tasks in one table, in their order: a block of what has replies, and one of what is read."""
    table = table_of("exam", [(task.name, task.items) for task in tasks], labels)
    if tasks[0].kind is Label:
        held = np.concatenate([codes[place][task.items.codes] for place, task in enumerate(tasks)])
        return examine(table, held, labels)
    texts = np.repeat([task.kind is Text for task in tasks], [len(task.items.ids) for task in tasks])
    truth = []
    if texts.any():
        truth.append(references_of(table, np.flatnonzero(texts)))
    if not texts.all():
        read = np.flatnonzero(~texts)
        about = About(Pool(table, read, labels), np.arange(len(read)))
        truth.append(Block(about, None, Itself, {}, "exam", np.zeros(len(read)), np.ones(len(read))))
    return Exam(tuple(truth))


def nothing_of(table: Table) -> Sealed:
    """Answers of a table of which none is known."""
    return Sealed(table, np.full(table.columns.num_rows, -1, dtype=np.int64))
