"""From the record of a learner that met one task after another to its lifetime, and to the numbers of that.

The pool has a column `task`; every round teaches rows of one task, a slice of a learning block, and is one experience.
Consecutive rounds of one task are one block. The performance of an experience is the round's score on the exam items of
the task that it teaches; the evaluation after a block is the block's last score on the items of every task, one number
each. A round before round 0 teaches nothing and is an evaluation before all learning; without it nothing is known of
what the first block passes on, and `fwt` is undefined.

An exam's items belong to the tasks that its table names in a column `task`, or `group` where there is none. A score has
to be the mean of its items: only then does it have a value per task.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from tutelage.core.data import Course, Floats
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.rng import stream
from tutelage.kit.episodes import episodes
from tutelage.kit.lifelong import METRICS, measured
from tutelage.kit.lifetimes import Lifetime, Material, checked, prepared
from tutelage.kit.task_matrix import FOUR, MORE, TaskMatrix, four, intransigence, more, task_matrix
from tutelage.recipe.fit import fit_one
from tutelage.runs.record import Record
from tutelage.study.experiences import Experience, experiences

NAMES = (*METRICS, *FOUR, *MORE, "intransigence")
SLACK = 0.1  # how much the rows of an experience may differ between a learner and its expert

Arms: TypeAlias = Mapping[str, str | Sequence[str]]  # task -> the arm that is its expert, or several
Courses: TypeAlias = Course | Mapping[str, Course]  # one for all arms, or arm -> its own; always those of the seed


def lifelong(record: Record, arm: str, seed: int, course: Courses, of: str = "accuracy",
             experts: Arms | None = None, exam: str = "exam", joint: str = "") -> dict[str, float]:  # fmt: skip
    """Every number of one lifetime by its name (`NAMES`); NaN where it is undefined, and all NaN while an arm runs.

    course: see `courses`. experts: arms that were taught one task alone, at the same seed. Without them `rp` and `se`
    are NaN, and the range of a task is the learner's own. joint: the arm that is taught all tasks so far together
    (`restart: true`), or all at once in one episode; without it `intransigence` is NaN. Reads every round of every arm
    named: keep the result.
    """
    arms = {
        arm,
        *(one for several in (experts or {}).values() for one in _several(several)),
        *([joint] if joint else []),
    }
    if any(record.state(one, seed).status != "done" for one in arms):
        return dict.fromkeys(NAMES, float("nan"))
    raw = material(record, arm, seed, course, of, experts, exam)
    matrix = task_matrix(raw.lifetime)
    resists = float("nan")
    if joint:
        resists = intransigence(matrix, _together(record, joint, seed, _course(course, joint), of, exam, matrix))
    found = {**four(matrix), **more(matrix), "intransigence": resists}
    return {**measured(prepared(raw.lifetime, raw.experts)).lifetime, **found}


def material(record: Record, arm: str, seed: int, course: Courses, of: str = "accuracy",
             experts: Arms | None = None, exam: str = "exam") -> Material:  # fmt: skip
    """The lifetime and the experts' curves as they were recorded: for export, and for numbers task by task."""
    mine = list(experiences(record, arm, seed, _course(course, arm), of, exam))
    curves = {
        task: [
            _curve(
                f"{record.name}, arm {one}", task, mine, experiences(record, one, seed, _course(course, one), of, exam)
            )
            for one in _several(several)
        ]
        for task, several in (experts or {}).items()
    }
    life = _lifetime(mine)
    if experts is not None:
        _complete(record, life, experts)
    return Material(life, curves)


def lifetime(record: Record, arm: str, seed: int, course: Course, of: str = "accuracy", exam: str = "exam") -> Lifetime:
    """The lifetime of one arm at one seed, neither smoothed nor scaled."""
    return _lifetime(list(experiences(record, arm, seed, course, of, exam)))


def courses(record: Record, arms: Iterable[str], seed: int) -> dict[str, Course]:
    """What each arm was taught from at this seed: a lifetime's data, and its experts', are drawn from the seed."""
    read = record.read()
    first = next(iter(read.study.arms))
    parts = {arm: fit_one(read.recipes[arm], read.source, arm, first) for arm in arms}
    return {arm: part.data.course(stream(seed, "data")) for arm, part in parts.items()}


def exam_of(score: str, exams: Iterable[str]) -> str:
    """Which exam a score is of: the one whose name it carries, else the usual one, whose name is never carried.

    >>> [exam_of(one, ("exam", "told", "new_told")) for one in ("accuracy", "exact_match_told", "exact_match_new_told")]
    ['exam', 'told', 'new_told']
    """
    return max((name for name in exams if score.endswith(f"_{name}")), key=len, default="exam")


def _lifetime(rounds: Sequence[Experience]) -> Lifetime:
    lines: list[tuple[int, bool, str, float]] = []
    block = -1
    for number, one in enumerate(rounds):
        if one.task:
            block += number == 0 or rounds[number - 1].task != one.task
            lines.append((block, True, one.task, one.scores[one.task]))
        if number + 1 == len(rounds) or rounds[number + 1].task != one.task:
            block += 1
            lines += [(block, False, task, score) for task, score in one.scores.items()]
    blocks, train, tasks, performance = zip(*lines, strict=True) if lines else ((), (), (), ())
    return checked(Lifetime(np.array(blocks), np.array(train), np.array(tasks), np.arange(len(lines)),
                            np.array(performance)))  # fmt: skip


def _together(record: Record, arm: str, seed: int, course: Course, of: str, exam: str, mine: TaskMatrix) -> TaskMatrix:
    """The matrix of joint training, its columns those of `mine`. Refused where its rounds are not the learner's."""
    whole = len(episodes(course.parts["pool"].pool)) == 1
    rounds = list(experiences(record, arm, seed, course, of, exam, together=whole))
    if whole:
        last = rounds[-1].scores
        made = TaskMatrix(tuple(last), np.arange(1), np.array([[*last.values()]]), np.full(len(last), np.nan))
    else:
        made = task_matrix(_lifetime(rounds))
    if set(made.tasks) != set(mine.tasks) or not (whole or len(made.values) == len(mine.values)):
        what = (
            f"joint training in {len(made.values)} blocks, of tasks {', '.join(made.tasks)}, is not that of the learner"
        )
        raise Refused(Fault(f"{record.name}, arm {arm}", what, "the learner's data with restart: true, or all at once"))
    at = [made.tasks.index(task) for task in mine.tasks]
    return made._replace(tasks=mine.tasks, values=made.values[:, at])


def _curve(where: str, task: str, mine: Sequence[Experience], rounds: Iterable[Experience]) -> Floats:
    """The expert's performance on its task, experience by experience. Refused when it is no expert of this task."""
    taught = [one for one in rounds if one.task]
    others = sorted({one.task for one in taught} - {task})
    if others or not taught:
        raise Refused(
            Fault(where, f"an expert of {task!r} is taught this task alone, not {', '.join(others) or 'none'}")
        )
    own = max((one.rows for one in mine if one.task == task), default=0)
    theirs = max(one.rows for one in taught)
    if own and abs(own - theirs) > SLACK * own:
        what = f"its experiences are {theirs} rows of {task!r}, those of the learner {own}: they cannot be compared"
        raise Refused(Fault(where, what, "give both the same rows per round"))
    return np.array([one.scores[task] for one in taught])


def _complete(record: Record, life: Lifetime, experts: Arms) -> None:
    """Refused unless every task that is trained has an expert: a mean over fewer tasks would be another number."""
    trained = set(life.task[life.train].tolist())
    faults = [Fault(f"{record.name}, experts", f"{task!r} has none") for task in sorted(trained - set(experts))]
    faults += [
        Fault(f"{record.name}, experts", f"{task!r} is never trained", nearest(task, trained))
        for task in sorted(set(experts) - trained)
    ]
    if faults:
        raise Refused(faults)


def _several(arms: str | Sequence[str]) -> tuple[str, ...]:
    return (arms,) if isinstance(arms, str) else tuple(arms)


def _course(course: Courses, arm: str) -> Course:
    return course if isinstance(course, Course) else course[arm]
