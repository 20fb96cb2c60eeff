"""How well the student's probabilities rank the members of a class above all others: the area under the ROC curve.

    AUC_c = (1 / (n_c m_c)) sum_{i is c} sum_{j is not} ([p_ic > p_jc] + 1/2 [p_ic = p_jc]),    m_c = n - n_c
    auc   = AUC of the second label where there are two labels, else (1 / K) sum_c AUC_c

over the K classes of which the exam holds members and others. The double sum is taken through midranks, O(n log n).
The value is the mean of the items: item i holds

    auc + (n / K) sum_c (V_ic - AUC_c) / (n_c if i is c else m_c)

V_ic = the share of the other side that i is ranked rightly against. That is its first-order influence, so the spread of
the items is DeLong's, and an interval over items is one for the area. 0.5 is what knowing nothing gives, 0 is a mirror.

Source: Hanley and McNeil (1982), the meaning and use of the area; DeLong, DeLong and Clarke-Pearson (1988) for V; one
class against the rest, averaged: Provost and Domingos (2003), without their weights.
Neutral limit: a student that gives every item the same probabilities has 0.5.

>>> from tutelage.toys import ANSWERS, POOL, stream, till, view
>>> from tutelage.core.data import Rows
>>> exam = Exam((ANSWERS.through(till()).reveal(Rows(POOL, np.arange(6))),))
>>> Auc().assess(view().student, exam, till(), stream(0, "assess"))[0].value
1.0
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.stats import rankdata

from tutelage.core.data import Array, Bools, Exam, Floats, Ints, Kinds, Rng, Score
from tutelage.core.method import method
from tutelage.core.stages import CanWeigh, Student, Till
from tutelage.kit.exams import mean, weigh_exam


@method
class Auc:
    """on: which exam."""

    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanWeigh})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """One score, `auc`. NaN for an exam of fewer than two classes."""
        sat, probs = weigh_exam(student, exam)
        items = influences(sat.truth, probs[:, 1:] if len(sat.names) == 2 else probs, len(sat.names) == 2)
        return (Score("auc", mean(items), sat.rows, items.astype(np.float32), sat.groups),)


def influences(truth: Ints, probs: Array, second_alone: bool = False) -> Floats:
    """(n,) one value per item, whose mean is the area; probs (n, C), of the second class alone (n, 1) where there are
    two. All NaN where no class has both members and others.
    """
    total, count = np.zeros(len(truth)), 0
    for column in range(probs.shape[1]):
        mine = truth == column + second_alone
        if mine.any() and not mine.all():
            total += _one_class(mine, probs[:, column])
            count += 1
    return total / count if count else np.full(len(truth), np.nan)


def _one_class(mine: Bools, scores: Array) -> Floats:
    """The items of one class against the rest."""
    among_all = rankdata(scores)
    rightly = np.empty(len(scores))  # the share of the other side that each is ranked rightly against
    members = int(mine.sum())
    others = len(mine) - members
    rightly[mine] = (among_all[mine] - rankdata(scores[mine])) / others
    rightly[~mine] = 1 - (among_all[~mine] - rankdata(scores[~mine])) / members
    area = rightly[mine].mean()
    return np.asarray(area + len(mine) * (rightly - area) / np.where(mine, members, others))
