"""The chance that at least one of N answers drawn from the student's probabilities is right, for several N (pass@N).

    coverage_N = (1 / n) sum_i 1 - (1 - p_i)^N,    p_i = the probability that the student gives to item i's true class

It takes a verifier to tell which of the N answers is right; without one, only N = 1 counts. The first score,
`coverage`, is the mean of coverage_N over the N asked for. Values are means of the items. The draws are not made: the
chance is worked out, so there is no luck in it. p is as the student states it, at temperature 1. A class that the
student does not know has probability 0. Coverage at 1 rewards stated certainty and is not accuracy.

Source: Chen et al. (2025), Rethinking fine-tuning when scaling test-time compute (arXiv 2502.07154), pass@N in closed
form; for answers that were really drawn: kit.passes.pass_at.
Neutral limit: N = 1 is the mean probability of the truth; of a student that is always certain, accuracy at every N.

>>> from tutelage.toys import ANSWERS, POOL, stream, till, view
>>> from tutelage.core.data import Rows
>>> exam = Exam((ANSWERS.through(till()).reveal(Rows(POOL, np.arange(6))),))
>>> scores = Coverage(n=(1, 16)).assess(view().student, exam, till(), stream(0, "assess"))
>>> [(score.name, round(score.value, 3)) for score in scores]      # c and d, next to the border, have p = 0.69
[('coverage', 0.948), ('coverage_1', 0.897), ('coverage_16', 1.0)]
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, field_validator

from tutelage.core.data import Exam, Kinds, Rng, Score
from tutelage.core.method import method
from tutelage.core.stages import CanWeigh, Student, Till
from tutelage.kit.exams import mean, weigh_exam
from tutelage.kit.passes import covered


@method
class Coverage:
    """n: how many answers are drawn, one number or several. on: which exam."""

    n: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (1, 16, 64)
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanWeigh})

    @field_validator("n")
    @classmethod
    def _each_once(cls, n: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(n)) < len(n):
            raise ValueError("each number of answers is said once")
        return n

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """`coverage`, then `coverage_N` for each N. NaN for an exam without items of positive weight."""
        sat, probs = weigh_exam(student, exam)
        p = probs[np.arange(len(sat.truth)), sat.truth] if probs.shape[1] else np.zeros(len(sat.truth))
        items = {f"coverage_{n}": covered(p, n) for n in self.n}
        items = {"coverage": np.mean(list(items.values()), axis=0), **items}
        return tuple(
            Score(name, mean(one), sat.rows, one.astype(np.float32), sat.groups) for name, one in items.items()
        )
