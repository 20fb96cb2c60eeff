"""How often the student says what its supervisor says, and whether it copies where the supervisor is wrong.

    agreement            = mean of [s_i = w_i]
    agreement_when_right = sum_i [s_i = w_i = y_i] / sum_i [w_i = y_i],    agreement_when_wrong the same over w_i != y_i

s is the student's answer, w the supervisor's, y the truth. A student that has learned more than to imitate agrees much
where the supervisor is right and little where it is wrong. Of the last two, item i holds its part of the sum times n
over the sum below, so that each value is the mean of its items; one that is over no item at all is left out.
`supervisors` are named like the students of `teach: {use: model}`, several answer by the mean of their probabilities.

Source: Burns et al. (2023), Weak-to-strong generalization, section 5.1 (student-supervisor agreement).
Neutral limit: without `supervisors` the truth stands for them, and agreement is `accuracy`.

>>> from tutelage.toys import ANSWERS, POOL, stream, till, view
>>> from tutelage.core.data import Rows
>>> import numpy as np
>>> exam = Exam((ANSWERS.through(till()).reveal(Rows(POOL, np.arange(6))),))
>>> Agreement().assess(view().student, exam, till(), stream(0, "assess"))[0].value
1.0
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np

from tutelage.core.data import Bools, Exam, Floats32, Kinds, Rng, Score
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import CanWeigh, Student, Till
from tutelage.kit.exams import Sat, mean, sit, weigh_exam


@method
class Agreement:
    """on: which exam."""

    supervisors: Annotated[tuple[Any, ...], part("student")] = ()
    on: str = "exam"

    students_need: ClassVar[Kinds] = frozenset({CanWeigh})
    needs: ClassVar[Kinds] = frozenset()

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """One score, or three where there is a supervisor that is sometimes right and sometimes wrong."""
        sat = sit(student, exam, rng)
        if not self.supervisors:
            items = sat.right.astype(np.float32)
            return (Score("agreement", mean(items), sat.rows, items, sat.groups),)
        said = self._said(exam)
        mine = np.array([sat.names[code] if code >= 0 else "" for code in sat.said], dtype=object)
        same, right = np.asarray(mine == said), np.asarray(said == _true(sat))
        made = [_score("agreement", same, np.ones(len(same), dtype=bool), sat)]
        for name, among in (("agreement_when_right", right), ("agreement_when_wrong", ~right)):
            if among.any():
                made.append(_score(name, same, among, sat))
        return tuple(made)

    def _said(self, exam: Exam) -> Any:
        """(n,) the supervisors' label names."""
        total: dict[str, Any] = {}
        for one in self.supervisors:
            weighed = weigh_exam(one.finished, exam)
            for column, name in enumerate(weighed.sat.names):
                total[name] = total.get(name, 0.0) + weighed.probs[:, column]
        return np.array(list(total), dtype=object)[np.stack(list(total.values()), axis=1).argmax(axis=1)]


def _true(sat: Sat) -> Any:
    return np.array([sat.names[code] for code in sat.truth], dtype=object)


def _score(name: str, same: Bools, among: Bools, sat: Sat) -> Score:
    items: Floats32 = (same & among).astype(np.float32) * np.float32(len(same) / among.sum())
    return Score(name, mean(items), sat.rows, items, sat.groups)
