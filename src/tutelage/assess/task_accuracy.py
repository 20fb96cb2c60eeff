"""The share of exam items labelled correctly when the student is told which task an item belongs to.

    task_accuracy = (1 / n) sum_i [ argmax over c in C(t_i) of p(c | x_i)  =  truth_i ]

t_i stands in the exam's column `by`, C(t) are the classes that occur among the items of t. This is task-incremental
learning: the task is given at the test, and only its own classes compete. Beside `accuracy`, where all classes compete
and nothing is given, the difference is what telling tasks apart costs. An item whose classes the student does not know
counts as wrong; among equally likely classes the first is taken.

Source: van de Ven, Tuytelaars and Tolias (2022), Three types of incremental learning, table 1; multi-head evaluation of
Chaudhry, Dokania, Ajanthan and Torr (2018), section 2.
Neutral limit: with one task that holds all classes it is `accuracy`.

>>> from tutelage.core.data import Rows, Table, labelled
>>> from tutelage.toys import stream, till, view
>>> columns = {"vector": np.array([[2.0, 0], [-2, 0]]), "task": ["a", "b"]}
>>> pool = Table.of("two", columns, ("left", "right")).pool()
>>> exam = Exam((labelled(Rows(pool, np.arange(2)), np.array([0, 1]), "exam"),))   # both wrong, but for the task
>>> TaskAccuracy().assess(view().student, exam, till(), stream(0, "assess"))[0].value
1.0
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tutelage.core.data import Exam, Kinds, Rng, Score
from tutelage.core.method import method
from tutelage.core.stages import CanWeigh, Student, Till
from tutelage.kit.exams import column_of, mean, weigh_exam


@method
class TaskAccuracy:
    """by: the exam's column that names tasks. on: which exam."""

    by: str = "task"
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanWeigh})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """One score, `task_accuracy`. NaN for no items; Refused for an exam without the column."""
        sat, probs = weigh_exam(student, exam)
        named = column_of(exam, sat.rows, self.by)
        known = np.isin(np.arange(len(sat.names)), [sat.names.index(name) for name in getattr(student, "labels", ())])
        right = np.zeros(len(named), dtype=np.float32)
        for task in np.unique(named):
            mine = np.flatnonzero(named == task)
            classes = np.unique(sat.truth[mine])
            classes = classes[known[classes]]
            if len(classes):
                right[mine] = classes[probs[mine][:, classes].argmax(axis=1)] == sat.truth[mine]
        return (Score("task_accuracy", mean(right), sat.rows, right, sat.groups),)
