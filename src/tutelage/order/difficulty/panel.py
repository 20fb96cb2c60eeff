"""Several students judge how hard: their mean doubt in the right answer, or the share of them that get it wrong.

    probability: difficulty(x, y) = 1 - 1/k sum_j p_j(y | x)
    votes:       difficulty(x, y) = share of the students j whose likeliest class is not y

Without `students` the one that is being taught is asked. Of a distribution the likeliest class is what votes go by.

Source: Yang et al. (2024), arXiv 2408.07888 (difficulty by a panel of language models, as one minus the
mean probability of the right option).
Neutral limit: a panel of one, by probability, is `confidence`.

>>> from tutelage.toys import stream, view
>>> now = view(taught=np.array([2, 0]))
>>> Panel(by="votes").rate(now.lessons, now, stream(0, "order"))
array([0., 0.])
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from tutelage.core.data import Block, Floats, Kinds, Lessons, Rng
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import CanWeigh, View, able
from tutelage.kit.ask import probabilities
from tutelage.kit.grading import belief
from tutelage.kit.lessons import classes_of


@method
class Panel:
    students: Annotated[tuple[Any, ...], part("student")] = ()
    by: Literal["probability", "votes"] = "probability"

    students_need: ClassVar[Kinds] = frozenset({CanWeigh})

    @property
    def needs(self) -> Kinds:
        """Probabilities of the student that is taught, where it is the one that is asked."""
        return frozenset() if self.students else frozenset({CanWeigh})

    def rate(self, lessons: Lessons, view: View, rng: Rng) -> Floats:
        """In [0, 1]. ContractBroken unless all lessons are labels or distributions."""
        several = [one.finished for one in self.students] or [view.student]
        ease = np.zeros(sum(block.size for block in lessons))
        for student in several:
            told = [belief(block, student, "panel") if self.by == "probability" else _right(block, student)
                    for block in lessons]  # fmt: skip
            ease += np.concatenate([np.zeros(0), *told])
        return np.asarray(1 - ease / len(several))


def _right(block: Block, student: Any) -> Floats:
    """(b,) 1 where the student's likeliest class, of equals the first, is that of the lesson."""
    wanted = [block.about.pool.labels[code] for code in classes_of(block)]
    probs, names = probabilities(student, block.about.examples()), able(student, CanWeigh).labels
    if probs.shape[1] == 0:
        return np.zeros(block.size)
    said = [names[code] for code in probs.argmax(axis=1)]
    return np.array([a == b for a, b in zip(said, wanted, strict=True)], dtype=np.float64)
