"""Forgotten over acquired (FUAR) from the record of an arm that went through one phase of new material or several.

A phase is a stretch of rounds that teach rows of one task, the pool's column `task`; where there is none, all rounds
together are one phase. LM_0 is the student as it was examined before round 0, LM_i as after the last round of phase i.
The formula, and what its number means, are in kit/fuar.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tutelage.core.data import Course, gather
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.kit.fuar import forgotten_over_acquired
from tutelage.recipe.conditions import Measure
from tutelage.runs.record import Record, arrays
from tutelage.study.measure import round_lines


def fuar(record: Record, arm: str, seed: int, measure: Measure, course: Course) -> float | None:
    """The ratio of this arm at this seed; None where nothing was gained, NaN where it is unfinished.

    course: the arm's own at this seed. measure: `of` scores what is to stay, `gained` what the last phase teaches;
    `kept` names a score of its own for each earlier phase. Refused where a phase was not examined at its end.
    """
    if record.state(arm, seed).status != "done":
        return float("nan")
    where = f"{record.name}, arm {arm} at seed {seed}"
    ends = _ends(record, arm, seed, course, where)
    kept = measure.kept or (measure.of,) * (len(ends) - 1)
    if len(kept) != len(ends) - 1:
        what = f"kept names {len(kept)} scores, one for each model before the last was asked for: {len(ends) - 1}"
        raise Refused(Fault(where, what, "leave it out to use `of` at every phase"))
    old = [[_score(ends[place], name, where), _score(ends[-1], name, where)] for place, name in enumerate(kept)]
    new = [[_score(end, name, where) for end in ends] for name in measure.gained]
    return forgotten_over_acquired(np.array(old), np.array(new))


def _ends(record: Record, arm: str, seed: int, course: Course, where: str) -> list[dict[str, Any]]:
    """The journal's line before all learning, then the last one of each phase."""
    lines = round_lines(record, arm, seed)
    if not lines or lines[0]["round"] >= 0:
        what = "it was not examined before it was taught, so what it forgot is not known"
        raise Refused(Fault(where, what, "data whose pool comes in episodes are examined before the first"))
    tasks = [_task(record, arm, seed, line, course) for line in lines[1:]]
    if not tasks:
        raise Refused(Fault(where, "it was taught nothing: there is no phase"))
    last = [place for place, task in enumerate(tasks) if place + 1 == len(tasks) or tasks[place + 1] != task]
    return [lines[0], *(lines[place + 1] for place in last)]


def _task(record: Record, arm: str, seed: int, line: dict[str, Any], course: Course) -> str:
    """The task of a round's rows; the steps of a round share one."""
    table = course.parts["pool"].pool.table
    if "task" not in table.columns.column_names:
        return ""
    chosen = arrays(record.arm_folder(arm, seed) / line["arrays"])["chosen"]
    return "/".join(sorted({str(task) for task in gather(table.columns.column("task"), chosen).to_pylist()}))


def _score(line: dict[str, Any], name: str, where: str) -> float:
    scores: dict[str, float] = line["scores"]
    if name not in scores:
        known: Sequence[str] = tuple(scores)
        what = f"there is no score {name!r} at the end of round {line['round']}"
        raise Refused(Fault(where, what, nearest(name, known, "examine every phase at its end: assess_every: 1")))
    return float(scores[name])
