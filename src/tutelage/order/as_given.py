"""All lessons at once, in one stage, as they were given.

    plan(lessons) = one stage with every lesson once;  with `fixed` the learner must also take them in that order

Without `fixed` the learner is free to shuffle and to batch by length.

Source: the uniform sampling that curricula are compared with: Bengio et al. (2009).
Neutral limit: none; it is what curricula become when all lessons are equally easy (with `fixed`).

>>> from tutelage.toys import stream, view
>>> now = view(taught=np.array([0, 5]))
>>> AsGiven(fixed=True).plan(now.lessons, now, stream(0, "order"))[0].order
array([0, 1])
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.method import method
from tutelage.core.stages import Stage, Syllabus, View


@method
class AsGiven:
    """fixed: impose the given order instead of leaving it to the learner."""

    fixed: bool = False

    needs: ClassVar[Kinds] = frozenset()

    def rows(self, n: float) -> float:
        """Every lesson once."""
        return n

    def plan(self, lessons: Lessons, view: View, rng: Rng) -> Syllabus:
        """One stage, also when there is no lesson."""
        size = sum(block.size for block in lessons)
        return (Stage(lessons, np.arange(size, dtype=np.int64) if self.fixed else None),)
