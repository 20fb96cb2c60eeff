"""The F1 score of each class, averaged over classes, so that rare ones count as much as frequent ones.

    F1_c = 2 TP_c / D_c,    D_c = (items that are c) + (answers that are c),    macro F1 = (1 / K) sum_c F1_c

over the K classes that occur among the truths or the answers. The value is the mean of the items: item i holds

    macro F1 + (n / K) sum_c (2 [i is c and answered c] - F1_c ([i is c] + [answered c])) / D_c

its first-order influence. The second term sums to zero over the exam, and the spread of the items is the delta
method's, so an interval over items is one for macro F1.

Source: Opitz and Burst (2019), "Macro F1 and macro F1", the averaged F1; influence of an item: Hampel (1974).
Neutral limit: where every class has D_c = 2 n / K, macro F1 is accuracy.

>>> from tutelage.toys import ANSWERS, POOL, stream, till, view
>>> from tutelage.core.data import Rows
>>> exam = Exam((ANSWERS.through(till()).reveal(Rows(POOL, np.arange(6))),))
>>> MacroF1().assess(view().student, exam, till(), stream(0, "assess"))[0].value
1.0
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tutelage.core.data import Exam, Floats, Ints, Kinds, Rng, Score
from tutelage.core.method import method
from tutelage.core.stages import Student, Till
from tutelage.kit.exams import mean, sit


@method
class MacroF1:
    """on: which exam."""

    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset()

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """One score, `macro_f1`. NaN for an exam without items of positive weight."""
        sat = sit(student, exam, rng)
        items = influences(sat.truth, sat.said, len(sat.names))
        return (Score("macro_f1", mean(items), sat.rows, items.astype(np.float32), sat.groups),)


def influences(truth: Ints, said: Ints, classes: int) -> Floats:
    """(n,) one value per item, whose mean is macro F1; the code -1 is no answer and belongs to no class."""
    answered = said >= 0
    right = truth == said
    doubled = np.bincount(truth, minlength=classes) + np.bincount(said[answered], minlength=classes)
    f1 = 2 * np.bincount(truth[right], minlength=classes) / np.maximum(doubled, 1)
    present = int((doubled > 0).sum())
    if present == 0:
        return np.zeros(0)
    per = f1 / np.maximum(doubled, 1)
    influence = 2 * right / doubled[truth] - per[truth] - np.where(answered, per[said], 0.0)
    return np.asarray(f1.sum() / present + len(truth) / present * influence)
