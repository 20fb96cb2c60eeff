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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from tutelage.core.data import Array, Course, Floats, Ints, Table, gather
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.rng import stream
from tutelage.kit.lifelong import METRICS, measured
from tutelage.kit.lifetimes import Lifetime, Material, checked, prepared
from tutelage.kit.task_matrix import FOUR, four, task_matrix
from tutelage.recipe.fit import fit_one
from tutelage.runs.record import Record, arrays
from tutelage.study.measure import CLOSE, round_lines

NAMES = (*METRICS, *FOUR)
SLACK = 0.1  # how much the rows of an experience may differ between a learner and its expert

Arms: TypeAlias = Mapping[str, str | Sequence[str]]  # task -> the arm that is its expert, or several
Courses: TypeAlias = Course | Mapping[str, Course]  # one for all arms, or arm -> its own; always those of the seed


class _Round(NamedTuple):
    """One experience, or an evaluation before all learning."""

    task: str  # "" for the latter
    rows: int  # how many it taught
    scores: Mapping[str, float]  # by task, every task of the exam


def lifelong(record: Record, arm: str, seed: int, course: Courses, of: str = "accuracy",
             experts: Arms | None = None, exam: str = "exam") -> dict[str, float]:  # fmt: skip
    """Every number of one lifetime by its name (`NAMES`); NaN where it is undefined, and all NaN while an arm runs.

    course: see `courses`. experts: arms that were taught one task alone, at the same seed. Without them `rp` and `se`
    are NaN, and the range of a task is the learner's own. Reads every round of every arm named: keep the result.
    """
    arms = {arm, *(one for several in (experts or {}).values() for one in _several(several))}
    if any(record.state(one, seed).status != "done" for one in arms):
        return dict.fromkeys(NAMES, float("nan"))
    raw = material(record, arm, seed, course, of, experts, exam)
    return {**measured(prepared(raw.lifetime, raw.experts)).lifetime, **four(task_matrix(raw.lifetime))}


def material(record: Record, arm: str, seed: int, course: Courses, of: str = "accuracy",
             experts: Arms | None = None, exam: str = "exam") -> Material:  # fmt: skip
    """The lifetime and the experts' curves as they were recorded: for export, and for numbers task by task."""
    mine = list(_rounds(record, arm, seed, _course(course, arm), of, exam))
    curves = {
        task: [
            _curve(f"{record.name}, arm {one}", task, mine, _rounds(record, one, seed, _course(course, one), of, exam))
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
    return _lifetime(list(_rounds(record, arm, seed, course, of, exam)))


def courses(record: Record, arms: Iterable[str], seed: int) -> dict[str, Course]:
    """What each arm was taught from at this seed: a lifetime's data, and its experts', are drawn from the seed."""
    read = record.read()
    first = next(iter(read.study.arms))
    parts = {arm: fit_one(read.recipes[arm], read.source, arm, first) for arm in arms}
    return {arm: part.data.course(stream(seed, "data")) for arm, part in parts.items()}


def _lifetime(rounds: Sequence[_Round]) -> Lifetime:
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


def _rounds(record: Record, arm: str, seed: int, course: Course, of: str, exam: str) -> Iterator[_Round]:
    """The steps of a round together: what all of them taught, what the last one scored."""
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
        if not line["higher"][of]:
            raise Refused(Fault(f"{where}, score {of}", "less of it is better; performance is what should rise"))
        task = _task(course.parts["pool"].pool.table, chosen, f"{where}, round {number}", before=number < 0)
        scores = _scores(paper, last, of, line["scores"][of], where)
        if task and task not in scores:
            raise Refused(Fault(where, f"its exam has no item of the task {task!r}", nearest(task, scores)))
        yield _Round(task, len(chosen), scores)


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


def _curve(where: str, task: str, mine: Sequence[_Round], rounds: Iterable[_Round]) -> Floats:
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
