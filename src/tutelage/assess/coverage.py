"""The chance that at least one of N answers drawn from the student's probabilities is right, for several N (pass@N).

    coverage_N = (1 / n) sum_i 1 - (1 - p_i)^N,    p_i = the probability that the student gives to item i's true answer

It takes a verifier to tell which of the N answers is right; without one, only N = 1 counts. The first score,
`coverage`, is the mean of coverage_N over the N asked for. Values are means of the items. The draws are not made: the
chance is worked out, so there is no luck in it. p is as the student states it, at temperature 1: of a class, or with
`of: reply` of the whole written answer, word for word, where another wording of the same answer counts as wrong. A
class that the student does not know has probability 0. Coverage at 1 rewards stated certainty and is not accuracy.

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

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from tutelage.core.data import Array, Exam, Ints, Kinds, Rng, Score, Text
from tutelage.core.method import method
from tutelage.core.stages import CanWeigh, Student, Till, able
from tutelage.core.writing import CanJudge
from tutelage.kit.exams import groups_of, mean, paper, weigh_exam
from tutelage.kit.passes import covered
from tutelage.kit.prompts import prompts


@method
class Coverage:
    """n: how many answers are drawn, one number or several. of: what an answer is. on: which exam."""

    n: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (1, 16, 64)
    of: Literal["class", "reply"] = "class"
    on: str = "exam"

    @field_validator("n")
    @classmethod
    def _each_once(cls, n: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(n)) < len(n):
            raise ValueError("each number of answers is said once")
        return n

    @property
    def needs(self) -> Kinds:
        """A student that gives classes, or written answers, a probability."""
        return frozenset({CanWeigh if self.of == "class" else CanJudge})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """`coverage`, then `coverage_N` for each N. NaN for an exam without items of positive weight."""
        rows, groups, p = _classes(student, exam) if self.of == "class" else _replies(student, exam)
        items = {f"coverage_{n}": covered(p, n) for n in self.n}
        items = {"coverage": np.mean(list(items.values()), axis=0), **items}
        return tuple(Score(name, mean(one), rows, one.astype(np.float32), groups) for name, one in items.items())


def _classes(student: Student, exam: Exam) -> tuple[Ints, Ints | None, Array]:
    """(n,) row numbers, groups and the probability of each item's class."""
    sat, probs = weigh_exam(student, exam)
    p = probs[np.arange(len(sat.truth)), sat.truth] if probs.shape[1] else np.zeros(len(sat.truth))
    return sat.rows, sat.groups, p


def _replies(student: Student, exam: Exam) -> tuple[Ints, Ints | None, Array]:
    """The same of each item's written answer."""
    pool, texts = paper(exam, Text, "text", "written answers")
    logp = able(student, CanJudge).logprob(prompts(pool), [str(text) for text in texts])
    return pool.numbers, groups_of(pool), np.exp(np.minimum(logp, 0.0))
