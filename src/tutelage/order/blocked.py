"""One group of lessons after another, each from easy to hard: every subject is finished before the next.

    for group in groups:  its lessons, easiest first

The group is a column, or without one the class that a lesson teaches. Equally hard lessons keep their order, and groups
come in the order in which they first appear; with `shuffle` both are random. It is the order that makes forgetting
visible: a student that learns in one pass sees nothing of the first group again.

Source: Lee, Cho and Yoo (2024), arXiv 2310.09518 (blocking); Yang et al. (2024), arXiv 2408.07888 (blocked: `shuffle`
without `by`; blocked curriculum: with it).
Neutral limit: with one group it is `easy_first` by the same difficulty, and without `by` `as_given` with `fixed`.

>>> from tutelage.toys import stream, view                 # a b c are left, d e f right
>>> import numpy as np
>>> now = view(taught=np.array([0, 5, 1, 4]))
>>> Blocked().plan(now.lessons, now, stream(0, "order"))[0].order
array([0, 2, 1, 3])
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import Syllabus, View
from tutelage.kit.orders import blocked, staged


@method
class Blocked:
    """by: how hard a lesson is; None: all alike. group: a column. levels: so many of equal size, or thresholds of the
    difficulty; None: every difference counts. shuffle: lessons of a level, and the groups, in random order.
    """

    by: Annotated[Any, part("order.difficulty")] = None
    group: str | None = None
    levels: Annotated[int, Field(ge=1)] | tuple[float, ...] | None = None
    shuffle: bool = False

    @property
    def needs(self) -> Kinds:
        """What the difficulty needs of the student that is taught."""
        return frozenset(getattr(self.by, "needs", frozenset()))

    @property
    def students_need(self) -> Kinds:
        """What the difficulty needs of other students."""
        return frozenset(getattr(self.by, "students_need", frozenset()))

    def rows(self, n: float) -> float:
        """Every lesson once."""
        return n

    def plan(self, lessons: Lessons, view: View, rng: Rng) -> Syllabus:
        """One stage. Refused where a lesson has no group."""
        return staged(self, lessons, view, rng, blocked)
