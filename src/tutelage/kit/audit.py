"""What an audit of memory compares: how surprised a student is by records that it was taught, and by others.

    l(z) = -log p(label | input),  -log p(text),  or  -log p(reply | prompt),    in nats, of the whole record

-log p of a label is worked out from the other labels where the student is surer than one half, so that two records of
which it is almost certain are still told apart in single precision. Equal records count once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from tutelage.core.data import (
    Array,
    Block,
    Exam,
    Floats,
    Ints,
    Itself,
    Kinds,
    Label,
    Lessons,
    Pool,
    Score,
    Supervision,
    Text,
)
from tutelage.core.errors import ContractBroken, Fault, Refused
from tutelage.core.stages import CanWeigh, able
from tutelage.core.writing import CanRate, CanRecite
from tutelage.kit.ask import probabilities
from tutelage.kit.blocks import some
from tutelage.kit.exams import alone, groups_of, mean, paper
from tutelage.kit.probs import aligned
from tutelage.kit.prompts import prompts
from tutelage.kit.split import content_keys

Of: TypeAlias = Literal["class", "text", "reply"]
KINDS: dict[str, type[Supervision]] = {"class": Label, "text": Itself, "reply": Text}
ABLE: dict[str, Kinds] = {
    "class": frozenset({CanWeigh}), "text": frozenset({CanRecite}), "reply": frozenset({CanRate}),
}  # fmt: skip
CANARY = "canary"  # the column of a pool in which the rows that data/canaries put there have a name
LEAST = 2.0**-149  # the smallest number of single precision, for a probability that was rounded to 0
AT_ONCE = 64  # replies that are read in one call


class Sides(NamedTuple):
    """inside, outside: nats of every record taught, and of every item of the exam; pool: those items."""

    inside: Floats
    outside: Floats
    pool: Pool


def sides(student: Any, exam: Exam, of: Of, only: str | None = None) -> Sides:
    """The two sides of an audit. ContractBroken for lessons or items of another kind.

    only: a column; lessons of rows that have nothing in it are left aside. Items whose reply does not fit into the
    student's window are left out, on both sides.
    """
    pool, outside = surprises_of(student, exam, of)
    told = [surprises(student, block, of) for block in taught(exam, of, only)]
    inside = np.concatenate([np.zeros(0), *told])
    fits = ~np.isnan(outside)
    return Sides(inside[~np.isnan(inside)], outside[fits], pool.take(np.flatnonzero(fits)))


def surprises_of(student: Any, exam: Exam, of: Of) -> tuple[Pool, Floats]:
    """The items of an exam of positive weight, and what each costs."""
    pool = examined(exam, of)
    blocks = [some(block, np.flatnonzero(block.weight > 0)) for block in exam.truth]
    return pool, np.concatenate([surprises(student, block, of) for block in blocks])


def examined(exam: Exam, of: Of) -> Pool:
    """The items of an exam. ContractBroken for another kind."""
    if of == "text":
        return alone(exam)[0]
    column, what = {"class": ("label", "class labels"), "reply": ("text", "written answers")}[of]
    return paper(exam, KINDS[of], column, what)[0]


def canaries(exam: Exam, of: Of) -> Pool:
    """The items. Refused unless each is a canary: for others no coin was thrown, and they hold no secret."""
    pool = examined(exam, of)
    names = pool.column(CANARY).to_pylist() if CANARY in pool.table.columns.column_names else [None] * len(pool)
    wrong = [row for row, name in zip(pool.ids(), names, strict=True) if not name]
    if wrong:
        what = f"{len(wrong)} of {len(pool)} items of this exam are no canaries, the first is {wrong[0]}"
        help = "data: {use: canaries, of: ...} brings the exams canaries and never_taught"
        raise Refused(Fault("assess.on", what, help))
    return pool


def scored(items: Mapping[str, Array], pool: Pool) -> tuple[Score, ...]:
    """A score for each name, of one number an item; the more it gives away, the worse."""
    groups = groups_of(pool)
    made = {name: np.asarray(one, dtype=np.float32) for name, one in items.items()}
    return tuple(
        Score(name, mean(items[name]), pool.numbers, one, groups, higher_is_better=False) for name, one in made.items()
    )


def taught(exam: Exam, of: Of, only: str | None = None) -> Lessons:
    """The lessons that an audit is about: of positive weight, each once, the first of equal ones."""
    wrong = [block.kind.__name__ for block in exam.taught if block.kind is not KINDS[of]]
    if wrong:
        raise ContractBroken(f"an audit of {KINDS[of].__name__} lessons; this student was taught {wrong[0]}")
    seen: set[tuple[int, object]] = set()
    made = []
    for block in exam.taught:
        rows = _kept(block, only)
        keep = []
        for row, key in zip(rows.tolist(), _keys(block, rows, of), strict=True):
            if key not in seen:
                seen.add(key)
                keep.append(row)
        if keep:
            made.append(some(block, np.array(keep, dtype=np.int64)))
    return tuple(made)


def _kept(block: Block, only: str | None) -> Ints:
    """Which lessons of a block take part."""
    if block.about.starts is not None:
        raise ContractBroken("an audit is about lessons of one row each, not about bags")
    right = block.weight > 0
    if only is not None:
        if only not in block.about.pool.table.columns.column_names:
            return np.zeros(0, dtype=np.int64)
        right = right & np.array([bool(cell) for cell in block.about.examples().column(only).to_pylist()], dtype=bool)
    return np.flatnonzero(right)


def _keys(block: Block, rows: Ints, of: Of) -> list[tuple[int, object]]:
    """One key a lesson, equal for equal records: what was read, and what was said about it."""
    contents = content_keys(block.about.examples().take(rows)).tolist()
    if of == "text":
        return [(key, None) for key in contents]
    said = block.given["label" if of == "class" else "text"][rows].tolist()
    return list(zip(contents, said, strict=True))


def surprises(student: Any, block: Block, of: Of) -> Floats:
    """(n,) nats of each record; NaN for a reply that does not fit into the student's window."""
    pool = block.about.examples()
    if len(pool) == 0:
        return np.zeros(0)
    if of == "class":
        return np.asarray(-log_p(weighed(student, pool), block.given["label"]), dtype=np.float64)
    if of == "text":
        distinct, places = np.unique(np.array(pool.texts(), dtype=object), return_inverse=True)
        told = able(student, CanRecite).read_alone([str(text) for text in distinct]).logprob[places]
    else:
        judge, asked, said = able(student, CanRate), prompts(pool), block.given["text"].tolist()
        parts = [slice(start, start + AT_ONCE) for start in range(0, len(asked), AT_ONCE)]
        told = np.concatenate([np.asarray(judge.rate(asked[part], said[part]), dtype=np.float64) for part in parts])
    if (told > 1e-6).any():
        raise ContractBroken(f"{type(student).__name__}: a log-probability lies above 0")
    return np.asarray(-told, dtype=np.float64)


def weighed(student: Any, pool: Pool) -> Array:
    """(n, C) probabilities under the pool's labels; a student that knows none of them finds all alike."""
    probs = probabilities(student, pool)
    count = max(len(pool.labels), 1)
    if probs.shape[1] == 0:
        return np.full((len(pool), count), 1 / count)
    names = tuple(dict.fromkeys([*pool.labels, *student.labels]))
    return aligned(probs, tuple(student.labels), names)


def log_p(probs: Array, codes: Ints) -> Floats:
    """(n,) log of the probability of these columns; near 1 from the others, which single precision resolves better.

    >>> near = np.array([[1.0, 1e-9], [1.0, 2e-9]], dtype=np.float32)
    >>> log_p(near, np.array([0, 0])).round(12).tolist()
    [-1e-09, -2e-09]
    """
    rows = np.arange(len(codes))
    exact = probs.astype(np.float64)
    own = exact[rows, codes]
    exact[rows, codes] = 0.0
    others = np.minimum(exact.sum(axis=1), 1.0)
    sure = own > 0.5
    return np.where(sure, np.log1p(-np.where(sure, others, 0.0)), np.log(np.maximum(own, LEAST)))
