"""Does the student tell what it was taught from what it was not: records are called taught where its loss is small.

    membership = (1 / n m) sum_i sum_j  [l(in_i) < l(out_j)] + 1/2 [l(in_i) = l(out_j)]     the area under the curve
    membership_tpr = share of in_i with a loss below all but floor(fpr m) of the m losses l(out_j)
    membership_advantage = share of in_i less share of out_j with  l <= mean of l(in)

in_i are the n lessons taught, each once, as the teacher gave them; out_j the m items of the exam; l is -log p of the
whole record. Item j of the area is the share of lessons with a loss below that of out_j. `membership_tpr` says what an
attacker finds who may accuse at most a share `fpr` wrongly: an area near 1/2 can hide a few records that are given away
whole. It stands at every item, since it is one number of the whole audit. The threshold of the advantage is the
attacker's of the source, who knows the mean loss of what was taught.

1/2 means that nothing is given away only where exam and lessons are drawn alike; an exam of other material is told from
the lessons by whoever has read neither, so look at the score before teaching, or at `canaries`. The lessons are read
without noise: in private learning these scores are in no epsilon. In a step whose lessons are not kept they count in
that step alone.

Source: Yeom, Giacomelli, Fredrikson and Jha (2018), Privacy risk in machine learning (arXiv 1709.01604), adversary 2
and definition 4; true positives at a low rate of false ones: Carlini and others (2022, arXiv 2112.03570), section 3.
Neutral limit: a student that finds every record alike has 1/2, and 0 in the two others.

>>> from tutelage.core.data import Rows, labelled
>>> from tutelage.toys import ANSWERS, POOL, stream, till, view
>>> look = ANSWERS.through(till()).reveal
>>> exam = Exam((look(Rows(POOL, np.array([2, 3]))),), taught=(look(Rows(POOL, np.array([0, 5]))),))
>>> [(s.name, s.value) for s in Membership().assess(view().student, exam, till(), stream(0, "assess"))]
[('membership', 1.0), ('membership_tpr', 1.0), ('membership_advantage', 1.0)]
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Exam, Floats, Kinds, Rng, Score
from tutelage.core.method import method
from tutelage.core.stages import Student, Till
from tutelage.kit.audit import ABLE, Of, scored, sides


@method
class Membership:
    """of: what a record is. fpr: share of wrong accusations allowed. only: lessons with something in this column."""

    of: Of = "class"
    fpr: Annotated[float, Field(ge=0, lt=1)] = 0.01
    only: str | None = None
    on: str = "exam"

    looks_at_lessons: ClassVar[bool] = True

    @property
    def needs(self) -> Kinds:
        """A student that gives labels, texts or replies a probability."""
        return ABLE[self.of]

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """Three scores, NaN before anything was taught and for an exam without items."""
        told = sides(student, exam, self.of, self.only)
        size = len(told.outside)
        items = {
            "membership": ranked_below(told.inside, told.outside),
            "membership_tpr": np.full(size, found(told.inside, told.outside, self.fpr)),
            "membership_advantage": advantages(told.inside, told.outside),
        }
        return scored(items, told.pool)


def ranked_below(inside: Floats, outside: Floats) -> Floats:
    """(m,) the share of `inside` below each of `outside`, ties one half; NaN where nothing is inside.

    >>> ranked_below(np.array([1.0, 2.0]), np.array([2.0, 0.0])).tolist()
    [0.75, 0.0]
    """
    if not len(inside):
        return np.full(len(outside), np.nan)
    order = np.sort(inside)
    below, most = (np.searchsorted(order, outside, side=side) for side in ("left", "right"))
    return np.asarray((below + most) / (2 * len(inside)), dtype=np.float64)


def found(inside: Floats, outside: Floats, fpr: float) -> float:
    """True positives where at most floor(fpr m) of the m outside are accused; an equal loss is not enough.

    >>> found(np.array([0.0, 1.0, 3.0]), np.array([1.0, 2.0, 4.0]), 0.0), found(np.zeros(1), np.zeros(9), 0.5)
    (0.3333333333333333, 0.0)
    """
    if not len(inside) or not len(outside):
        return float("nan")
    bound = np.sort(outside)[int(np.floor(fpr * len(outside) + 1e-9))]
    return float((inside < bound).mean())


def advantages(inside: Floats, outside: Floats) -> Floats:
    """(m,) the share of `inside` that lies at or below its mean, less 1 for each of `outside` that does, too."""
    if not len(inside):
        return np.full(len(outside), np.nan)
    bound = inside.mean()
    return np.asarray((inside <= bound).mean() - (outside <= bound), dtype=np.float64)
