"""The share of exam items that the student labels correctly.

    accuracy = (1 / n) sum_i [answer_i = truth_i]

The value is the mean of the items, each 1 or 0. An exam label that the student does not know counts as wrong. With
`by`, a column of the exam, items are also scored for each value v as accuracy_v, for the value that does worst as
accuracy_worst, and for sets of values: `together: {early: ["0", "1"]}` is accuracy_early. Such a score is a mean over
all items, where its own count n / n_v and the others 0.

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
from pydantic import Field, model_validator

from tutelage.core.data import Exam, Kinds, Rng, Score
from tutelage.core.method import method
from tutelage.core.stages import Student, Till
from tutelage.kit.exams import apart, mean, sit


@method
class Accuracy:
    """by: a column of the exam whose values are scored apart, and together. on: which exam."""

    by: str | None = None
    together: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # name of a set -> values of that column
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset()

    @model_validator(mode="after")
    def _by_a_column(self) -> Accuracy:
        if self.together and self.by is None:
            raise ValueError("together names values of a column: say by which, as in by: task")
        return self

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """One score, `accuracy`, or with `by` several. NaN for an exam without items of positive weight."""
        sat = sit(student, exam, rng)
        items = sat.right.astype(np.float32)
        whole = Score("accuracy", mean(items), sat.rows, items, sat.groups)
        return (whole, *apart(whole, exam, self.by, self.together))
