"""An exam of class labels, sat: what was true and what the student said, under one list of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Array, Bools, Exam, Floats32, Ints, Itself, Label, Pool, Rng, Score, Supervision
from tutelage.core.errors import ContractBroken, Fault, Refused, nearest
from tutelage.core.stages import CanWeigh
from tutelage.kit.ask import probabilities
from tutelage.kit.probs import aligned, columns


class Sat(NamedTuple):
    """One line per exam item. Codes refer to `names`: the exam's labels, then those that only the student knows."""

    rows: Ints  # row numbers of the exam's table
    groups: Ints | None  # equal numbers: items of one group; None without a `group` column
    names: tuple[str, ...]
    truth: Ints
    said: Ints  # -1: no answer

    @property
    def right(self) -> Bools:
        return np.asarray(self.said == self.truth)


class Weighed(NamedTuple):
    """A sitting with the student's probabilities (n, len(names)), 0 for names that it does not know."""

    sat: Sat
    probs: Floats32


def sit(student: Any, exam: Exam, rng: Rng) -> Sat:
    """The student's answers to every item. A truth that it does not know cannot be right."""
    pool, truth, named = _paper(exam)
    names = _names(student)
    if names is not None and len(names) == 0:  # a student that has no label to give
        return _sat(pool, truth, named, (), np.full(len(pool), -1, dtype=np.int64))
    answer = student.answer(pool, rng)
    if answer.kind is not Label or answer.size != len(pool):
        found = f"{answer.size} answers of kind {answer.kind.__name__}"
        raise ContractBroken(f"{type(student).__name__}.answer: {len(pool)} labels were asked for, got {found}")
    said = answer.about.pool.labels if names is None else names
    return _sat(pool, truth, named, said, _within(answer.given["label"], len(said), student))


def weigh_exam(student: Any, exam: Exam) -> Weighed:
    """The student's probabilities of every item; its answer is the likeliest label, the first of several."""
    pool, truth, named = _paper(exam)
    probs, names = probabilities(student, pool), tuple(student.labels)
    said = probs.argmax(axis=1) if probs.shape[1] else np.full(len(pool), -1, dtype=np.int64)
    sat = _sat(pool, truth, named, names, said)
    return Weighed(sat, aligned(probs, names, sat.names))


def sat_by(assessor: Any, exams: Iterable[str]) -> tuple[str, ...]:
    """Names of the exams that an assessor is set on: the one that `on` names, or for `every` all that there are."""
    on = str(getattr(assessor, "on", "exam"))
    return tuple(exams) if on == "every" else (on,)


def named(told: Sequence[tuple[str, Score]]) -> tuple[Score, ...]:
    """Scores under names of their own: of those that several exams have, each but the usual exam's carries its exam's.

    >>> none = np.zeros(0)
    >>> one = Score("accuracy", 0.5, none, none, None)
    >>> [score.name for score in named([("exam", one), ("probes", one), ("probes", one._replace(name="auc"))])]
    ['accuracy', 'accuracy_probes', 'auc']
    """
    exams: dict[str, set[str]] = {}
    for exam, score in told:
        exams.setdefault(score.name, set()).add(exam)
    return tuple(score if exam == "exam" or len(exams[score.name]) == 1 else score._replace(name=f"{score.name}_{exam}")
                 for exam, score in told)  # fmt: skip


def mean(items: Array) -> float:
    """The mean in float64; NaN for no items, because no number would be honest."""
    return float(np.mean(items, dtype=np.float64)) if len(items) else float("nan")


def paper(exam: Exam, kind: type[Supervision], column: str, what: str) -> tuple[Pool, Array]:
    """The items of an exam of one kind, and the column that holds their truth; lessons of weight 0 are no items.

    what: is examined, for the message. ContractBroken for another kind, for several tables and for no lesson at all.
    """
    if not exam.truth:
        raise ContractBroken("this exam has no items")
    wrong = [block.kind.__name__ for block in exam.truth if block.kind is not kind]
    if wrong:
        raise ContractBroken(f"{what} are examined here; this exam holds {wrong[0]}")
    first = exam.truth[0].about.pool
    if any(block.about.pool.table.fingerprint != first.table.fingerprint for block in exam.truth):
        raise ContractBroken("the items of one exam come from one table")
    numbers = np.concatenate([block.about.numbers[block.weight > 0] for block in exam.truth])
    truth = np.concatenate([block.given[column][block.weight > 0] for block in exam.truth])
    return Pool(first.table, numbers, first.labels), truth


def apart(
    score: Score, exam: Exam, by: str | None, together: Mapping[str, Sequence[str]] | None = None
) -> tuple[Score, ...]:
    """The score once more for each value of a column of the exam, in alphabetical order, the worst, and sets of values.

    `accuracy_trec` counts the items of trec alone, n / n_trec each, and items of other values 0: a mean over all items
    that can be compared item by item. together: name of a set -> its values. () without a column to go by. Refused for
    a column that the exam has not, and a set without an item. score: the mean of its items, whose rows are those of the
    exam's table.
    """
    if by is None or len(score.items) == 0:
        return ()
    told = column_of(exam, score.rows, by)
    named = np.unique(told).tolist()
    sets = {name: np.isin(told, list(some)) for name, some in (together or {}).items()}
    if empty := [name for name, where in sets.items() if not where.any()]:
        what = f"no item of the exam is in {', '.join(empty)}"
        raise Refused(Fault("assess.together", what, f"values here: {', '.join(named)}"))
    each = [of_part(score, f"{score.name}_{name}", told == name) for name in named]
    worst = min(each, key=lambda one: one.value if one.higher_is_better else -one.value)
    several = (of_part(score, f"{score.name}_{name}", where) for name, where in sets.items())
    return (*each, worst._replace(name=f"{score.name}_worst"), *several)


def column_of(exam: Exam, rows: Ints, by: str) -> Array:
    """(n,) what a column of the exam's table says of these rows, as words. Refused for a column that it has not."""
    table = exam.truth[0].about.pool.table
    if by not in table.columns.column_names:
        help = nearest(by, table.columns.column_names)
        raise Refused(Fault("assess.by", f"{table.name!r} has no column {by!r}", help))
    return np.array([str(value) for value in Pool(table, rows, ()).column(by).to_pylist()], dtype=object)


def of_part(score: Score, name: str, where: Bools) -> Score:
    """The score of some items alone, as a mean over all: theirs count n / n_v and the others 0."""
    items = np.asarray(score.items * (where * np.float32(len(where) / where.sum())), dtype=np.float32)
    return score._replace(name=name, value=mean(items), items=items)


def alone(exam: Exam) -> tuple[Pool, Bools]:
    """The texts of an exam that are their own truth, those of positive weight; and which of all items these are.

    ContractBroken for an exam of another kind, as in `paper`.
    """
    if not exam.truth:
        raise ContractBroken("this exam has no items")
    wrong = [block.kind.__name__ for block in exam.truth if block.kind is not Itself]
    if wrong:
        raise ContractBroken(f"texts that are their own truth are examined here; this exam holds {wrong[0]}")
    first = exam.truth[0].about.pool
    if any(block.about.pool.table.fingerprint != first.table.fingerprint for block in exam.truth):
        raise ContractBroken("the items of one exam come from one table")
    kept = np.concatenate([block.weight > 0 for block in exam.truth])
    numbers = np.concatenate([block.about.numbers for block in exam.truth])
    return Pool(first.table, numbers[kept], first.labels), kept


def _paper(exam: Exam) -> tuple[Pool, Ints, tuple[str, ...]]:
    """The items, their codes and the label list that these refer to."""
    pool, truth = paper(exam, Label, "label", "class labels")
    labels = max((block.about.pool.labels for block in exam.truth), key=len)
    return Pool(pool.table, pool.numbers, labels), truth, labels


def _names(student: Any) -> tuple[str, ...] | None:
    return tuple(student.labels) if isinstance(student, CanWeigh) else None


def _sat(pool: Pool, truth: Ints, named: tuple[str, ...], names: tuple[str, ...], said: Ints) -> Sat:
    together = tuple(dict.fromkeys([*named, *names]))
    places = np.append(columns(names, together), -1)  # the last entry serves the code -1, "no answer"
    return Sat(pool.numbers, groups_of(pool), together, truth, places[said])


def _within(codes: Ints, count: int, student: Any) -> Ints:
    """The same codes. ContractBroken when one of them is no label and not -1."""
    if len(codes) and not (-1 <= codes.min() and codes.max() < count):
        raise ContractBroken(f"{type(student).__name__}.answer: a code lies outside its {count} labels")
    return codes


def groups_of(pool: Pool) -> Ints | None:
    """A number per group in order of first appearance; an item without a group is one of its own."""
    if "group" not in pool.table.columns.column_names:
        return None
    number: dict[tuple[str, str], int] = {}
    both = zip(pool.column("group").to_pylist(), pool.ids(), strict=True)
    keys = [("item", id) if group is None else ("group", str(group)) for group, id in both]
    return np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
