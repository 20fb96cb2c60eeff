"""The share of exam items that the student labels correctly.

    accuracy = (1 / n) sum_i [answer_i = truth_i]

The value is the mean of the items, each 1 or 0. An exam label that the student does not know counts as wrong. With
`by: task` the same is scored for each value of that column of the exam, and for the worst of them.

Source: Manning, Raghavan and Schuetze (2008), "Introduction to information retrieval", section 8.3.
Neutral limit: with one label in exam and student it is 1.

>>> from tutelage.toys import ANSWERS, POOL, stream, till, view
>>> from tutelage.core.data import Rows
>>> exam = Exam((ANSWERS.through(till()).reveal(Rows(POOL, np.arange(6))),))
>>> Accuracy().assess(view().student, exam, till(), stream(0, "assess"))[0].value
1.0
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tutelage.core.data import Exam, Kinds, Rng, Score
from tutelage.core.method import method
from tutelage.core.stages import Student, Till
from tutelage.kit.exams import apart, mean, sit


@method
class Accuracy:
    """by: a column of the exam whose values are scored apart. on: which exam."""

    by: str | None = None
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset()

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """One score, `accuracy`, and more with `by`. NaN for an exam without items of positive weight."""
        sat = sit(student, exam, rng)
        items = sat.right.astype(np.float32)
        score = Score("accuracy", mean(items), sat.rows, items, sat.groups)
        return (score, *apart(score, exam, self.by))
