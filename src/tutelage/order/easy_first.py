"""The easiest lessons come first, the hard ones last; in one sweep or in growing stages.

    ease(x, y) = p_student(y | x), or less where `by` says that a lesson is harder
    stage s of S:  the ceil(s n / S) easiest of all n lessons, easiest first, s = 1 .. S

Equally easy lessons keep their given order, or with `shuffle` come in random order; `levels` makes lessons equally easy
that nearly are. `Stage.order` numbers the lessons through all blocks; a lesson whose number is not in it waits for a
later stage, and the last stage holds every lesson exactly once. A learner that solves the whole plan at once meets an
easy lesson as often as there are stages that hold it. Nothing is rewritten. A class that the student does not know has
ease 0.

Source: Bengio et al. (2009), "Curriculum learning"; growing stages: "baby steps", Spitkovsky et al. (2010); levels that
are shuffled inside: Yang et al. (2024), arXiv 2408.07888.
Neutral limit: one stage and equal ease of all lessons (an untaught student, or one level) is `as_given` with `fixed`.

>>> from tutelage.toys import stream, view
>>> now = view(taught=np.array([2, 0, 3]))       # c and d lie next to the border, a far from it
>>> [stage.order for stage in EasyFirst(stages=2).plan(now.lessons, now, stream(0, "order"))]
[array([1, 0]), array([1, 0, 2])]
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.method import method
from tutelage.core.parts import build, part
from tutelage.core.stages import Stage, Syllabus, View
from tutelage.kit.orders import by_level, count, dealt, levelled, rated


@method
class EasyFirst:
    """stages: in how many growing stages the lessons come; 1 is a single sweep from easy to hard.

    by: how hard a lesson is. levels: so many of equal size, or thresholds of the difficulty; None: every difference
    counts. shuffle: equally hard lessons in random order.
    """

    stages: Annotated[int, Field(ge=1)] = 1
    by: Annotated[Any, part("order.difficulty")] = Field(
        default_factory=lambda: build("order.difficulty", "confidence")
    )
    levels: Annotated[int, Field(ge=1)] | tuple[float, ...] | None = None
    shuffle: bool = False

    @property
    def needs(self) -> Kinds:
        """What the difficulty needs of the student that is taught."""
        return frozenset(self.by.needs)

    @property
    def students_need(self) -> Kinds:
        """What the difficulty needs of other students."""
        return frozenset(getattr(self.by, "students_need", frozenset()))

    def rows(self, n: float) -> float:
        """A lesson stands in every stage that it is easy enough for."""
        return float(sum(-(-step * int(n) // self.stages) for step in range(1, self.stages + 1)))

    def plan(self, lessons: Lessons, view: View, rng: Rng) -> Syllabus:
        """`stages` stages, also when there is no lesson. ContractBroken for lessons that the difficulty cannot rate."""
        levels = levelled(rated(self.by, lessons, view, rng.spawn(1)[0]), self.levels)
        start, _ = dealt(np.zeros(count(lessons), dtype=np.int64), self.shuffle, rng)
        order = start[by_level(levels[start])]
        ends = [-(-step * len(order) // self.stages) for step in range(1, self.stages + 1)]
        return tuple(Stage(lessons, order[:end]) for end in ends)
