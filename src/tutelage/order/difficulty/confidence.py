"""What a student is unsure of is hard: one minus the probability that it gives the lesson's answer.

    difficulty(x, y) = 1 - p(y | x)   for a label y;    1 - sum_c q_c p(c | x)   for a distribution q

p is the student that is being taught, as it is now, or another one that is taught before (`student`). A class that it
does not know has probability 0. A student that was taught these very lessons finds them easier than they are: teach
the other one on other material.

Source: Bengio et al. (2009), "Curriculum learning"; by another model: Hacohen and Weinshall (2019), On the
power of curriculum learning, transfer scoring.
Neutral limit: a student that finds all classes equally likely leaves the given order.

>>> from tutelage.toys import stream, view            # c lies next to the border, a far from it
>>> now = view(taught=np.array([2, 0]))
>>> Confidence().rate(now.lessons, now, stream(0, "order")).round(2)
array([0.31, 0.  ])
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np

from tutelage.core.data import Floats, Kinds, Lessons, Rng
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import CanWeigh, View
from tutelage.kit.grading import belief


@method
class Confidence:
    """student: who is asked; None: the student that is being taught."""

    student: Annotated[Any, part("student")] = None

    students_need: ClassVar[Kinds] = frozenset({CanWeigh})

    @property
    def needs(self) -> Kinds:
        """Probabilities of the student that is taught, where it is the one that is asked."""
        return frozenset() if self.student is not None else frozenset({CanWeigh})

    def rate(self, lessons: Lessons, view: View, rng: Rng) -> Floats:
        """In [0, 1]. ContractBroken unless all lessons are labels or distributions."""
        asked = view.student if self.student is None else self.student.finished
        return 1 - np.concatenate([np.zeros(0), *(belief(block, asked, "confidence") for block in lessons)])
