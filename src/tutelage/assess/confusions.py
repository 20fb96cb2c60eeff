"""Which classes the student takes for which: every item's answer beside its truth, for the report's matrix.

    value = the number of distinct pairs (truth, answer) with truth != answer that occur in the exam

The value is not the mean of its items. Items hold the answer's code, groups the truth's code, so that

    matrix[t, a] = number of items i with groups_i = t and items_i = a

Codes refer to the exam's labels followed by names that only the student knows: where both lists begin alike, as they
do within a run, that is the longer of the two. Code -1: the student had no answer. Averaging these items means nothing.

Source: the confusion matrix, Kohavi and Provost (1998), glossary of terms.
Neutral limit: a student that is always right has 0 confused pairs.

>>> from tutelage.toys import ANSWERS, POOL, stream, till, view
>>> from tutelage.core.data import Rows
>>> exam = Exam((ANSWERS.through(till()).reveal(Rows(POOL, np.arange(6))),))
>>> score, = Confusions().assess(view().student, exam, till(), stream(0, "assess"))
>>> score.value, score.groups, score.items
(0.0, array([0, 0, 0, 1, 1, 1]), array([0., 0., 0., 1., 1., 1.], dtype=float32))
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tutelage.core.data import Exam, Kinds, Rng, Score
from tutelage.core.method import method
from tutelage.core.stages import Student, Till
from tutelage.kit.exams import sit


@method
class Confusions:
    """on: which exam."""

    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset()

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """One score, `confusions`: items are answers, groups are truths."""
        sat = sit(student, exam, rng)
        wrong = ~sat.right
        pairs = np.unique(np.stack([sat.truth[wrong], sat.said[wrong]]), axis=1).shape[1]
        items = sat.said.astype(np.float32)
        return (Score("confusions", float(pairs), sat.rows, items, sat.truth, higher_is_better=False),)
