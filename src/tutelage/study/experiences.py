"""From the record of a learner that met one task after another to its experiences: what each taught, what it scored.

Every round is one experience. An exam's items belong to the tasks that its table names in a column `task`, or `group`
where there is none. A score has to be the mean of its items: only then does it have a value per task. Performance is
what should rise: a score of which less is better, such as a loss, is taken negated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Array, Course, Ints, Table, gather
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.runs.record import Record, arrays
from tutelage.study.measure import CLOSE, round_lines


class Experience(NamedTuple):
    """One round, or an evaluation before all learning."""

    task: str  # "" for the latter, and where tasks were taught together
    rows: int  # how many it taught
    scores: Mapping[str, float]  # by task, every task of the exam; more is better


def experiences(record: Record, arm: str, seed: int, course: Course, of: str, exam: str,
                together: bool = False) -> Iterator[Experience]:  # fmt: skip
    """The steps of a round together: what all of them taught, what the last one scored. together: of several tasks."""
    where = f"{record.name}, arm {arm}"
    lines = round_lines(record, arm, seed)
    folder = record.arm_folder(arm, seed)
    if exam not in course.exams:
        raise Refused(Fault(where, f"its course has no exam {exam!r}", nearest(exam, course.exams)))
    paper = course.exams[exam].truth[0].about.pool.table
    for number in dict.fromkeys(line["round"] for line in lines):
        steps = [line for line in lines if line["round"] == number]
        saved = [arrays(folder / line["arrays"]) for line in steps]
        chosen = np.concatenate([step["chosen"] for step in saved])
        scored = [place for place, line in enumerate(steps) if of in line["scores"]]
        if not scored:
            known = {name for line in lines for name in line["scores"]}
            help = (
                nearest(of, known) if of not in known else "a lifetime is examined after every round: assess_every: 1"
            )
            raise Refused(Fault(f"{where}, round {number}", f"it has no score {of!r}", help))
        line, last = steps[scored[-1]], saved[scored[-1]]
        table, place = course.parts["pool"].pool.table, f"{where}, round {number}"
        task = "" if together else _task(table, chosen, place, before=number < 0)
        sign = 1.0 if line["higher"][of] else -1.0
        scores = {name: sign * one for name, one in _scores(paper, last, of, line["scores"][of], where).items()}
        if task and task not in scores:
            raise Refused(Fault(where, f"its exam has no item of the task {task!r}", nearest(task, scores)))
        yield Experience(task, len(chosen), scores)


def _scores(table: Table, saved: Mapping[str, Array], of: str, value: float, where: str) -> dict[str, float]:
    """The score of every task that the exam's table names. Refused when the score is not the mean of its items."""
    items = saved[f"{of}.items"].astype(np.float64)
    if len(items) == 0 or abs(float(items.mean()) - value) > CLOSE * max(1.0, abs(value)):
        raise Refused(Fault(where, f"{of} is not the mean of its items, so no task has a value of its own"))
    column = next((name for name in ("task", "group") if name in table.columns.column_names), "")
    if not column:
        raise Refused(Fault(where, "its exam names no tasks: neither a column task nor a column group"))
    tasks = gather(table.columns.column(column), saved[f"{of}.rows"]).to_pylist()
    names, codes = np.unique(np.array(tasks, dtype=str), return_inverse=True)
    means = np.bincount(codes, weights=items) / np.bincount(codes)
    return dict(zip(names.tolist(), means.tolist(), strict=True))


def _task(table: Table, rows: Ints, where: str, before: bool) -> str:
    """The one task that these rows of the pool's table belong to; "" for the round before all learning."""
    if len(rows) == 0:
        if before:
            return ""
        raise Refused(Fault(where, "it taught no rows, so it is an experience of no task"))
    if "task" not in table.columns.column_names:
        raise Refused(Fault(where, f"the pool {table.name} has no column task", "a lifetime needs one"))
    if int(rows.max()) >= table.columns.num_rows:
        raise Refused(Fault(where, f"row {int(rows.max())} is not in the pool {table.name}: this is another course"))
    found = sorted({str(name) for name in gather(table.columns.column("task"), rows).to_pylist()})
    if len(found) > 1:
        raise Refused(Fault(where, f"it taught several tasks at once: {', '.join(found)}"))
    return found[0]
