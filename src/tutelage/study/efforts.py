"""What the seconds and bytes of a run are put down to: for each stage and method a few counts from its shapes.

Each count is scaled to about one, so that a fit of their rates is well conditioned. The same counts are taken when a
run is planned and when it is learned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tutelage.core.forecast import ForetellsMoved
from tutelage.core.parts import name_of
from tutelage.core.writing import CanRate
from tutelage.recipe.fit import Parts
from tutelage.study.foresee import Turn
from tutelage.study.material import Material

STAGES = ("choose", "teach", "order", "learn", "retain", "recall", "assess")


class Effort(NamedTuple):
    """counts: what the stage's time may grow with; `use`: whose rates they are."""

    stage: str
    use: str
    counts: tuple[float, ...]


def of_turn(parts: Parts, material: Material, turn: Turn, flop: float | None = None) -> tuple[Effort, ...]:
    """One for each stage, and `rest` for what lies between them: beginning, writing. flop: as done, if that is known.

    choose: 1, pool, pool x asked, pool x held.  teach: 1, asked, asked^2.  learn: 1, flop, lessons.
    order, retain, recall: 1, lessons.  assess: assessors, exam rows.  rest: 1, pool where it begins, exam rows.
    """
    step, pool, asked = turn.step, turn.pool / 1e3, turn.asked
    looked = min(asked, int(getattr(step.teach, "subsample", asked))) / 1e3
    student = name_of(type(parts.student))
    items = sum(turn.exams) / 1e3
    work = (turn.flop if flop is None else flop) / 1e9
    counts: dict[str, tuple[str, tuple[float, ...]]] = {
        "order": (name_of(type(step.order)), (1.0, turn.rows / 1e3)),
        "learn": (f"{name_of(type(step.learn))} {student}", (1.0, work, turn.rows / 1e3)),
        "retain": (name_of(type(step.retain)), (1.0, turn.rows / 1e3)),
        "recall": (name_of(type(step.recall)), (1.0, turn.rows / 1e3)),
        "assess": (student, (float(len(turn.exams)), items)),
        "rest": (student, (1.0, material.pool / 1e3 if turn.first else 0.0, items)),
    }
    if turn.number >= 0:
        use = name_of(type(step.choose)) + (f" {student}" if reads(step.choose) else "")
        counts["choose"] = use, (1.0, pool, pool * asked / 1e3, pool * turn.held / 1e3)
        counts["teach"] = name_of(type(step.teach)), (1.0, looked, looked**2)
    return tuple(Effort(stage, use, given) for stage, (use, given) in counts.items())


def reads(choose: Any) -> bool:
    """Whether a chooser has the student read the pool; its time is then that of the student."""
    return CanRate in getattr(choose, "needs", ())


def of_data(parts: Parts, material: Material) -> Effort:
    """Making the course, once a job: 1, pool."""
    return Effort("data", name_of(type(parts.data)), (1.0, material.pool / 1e3))


def of_disk(parts: Parts, material: Material, turns: Sequence[Turn]) -> Effort:
    """Bytes of an arm's folder at one seed: 1, rounds, items of scores, lessons, purchases, numbers of its weights."""
    items = sum(sum(turn.exams) for turn in turns) / 1e3
    lessons = sum(turn.lessons for turn in turns) / 1e3
    bought = (material.start + material.bought + sum(turn.asked for turn in turns if turn.step.teach.spends)) / 1e3
    head = 0.0 if material.width is None else material.width.columns * material.labels / 1e3
    if material.width is not None:  # else the student is not here, or cannot tell
        learns = [step.learn for step in parts.steps if isinstance(step.learn, ForetellsMoved)]
        head = max([head, *((one.moved(parts.student) or 0.0) / 1e3 for one in learns)])
    return Effort("disk", name_of(type(parts.student)), (1.0, float(len(turns)), items, lessons, bought, head))


def of_fit(student: str, rows: float) -> Effort:
    """Evaluations of a fit whose solver stops by tolerance: 1, lessons."""
    return Effort("evaluations", student, (1.0, rows / 1e3))


def of_kept(teacher: str, asked: float) -> Effort:
    """Lessons of a teacher that picks its own: rows asked about."""
    return Effort("kept", teacher, (asked / 1e3,))
