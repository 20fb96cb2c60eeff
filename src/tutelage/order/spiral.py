"""Every group again and again: part 1 of each, then part 2 of each, each part harder than the one before.

    each group's lessons, easiest first, are cut into `parts` of sizes that differ by one at most, the larger first
    for part in 1 .. parts:  for group in groups:  this part of the group

The group is a column, or without one the class that a lesson teaches. Equally hard lessons keep their order, and groups
come in the order in which they first appear; with `shuffle` both are random.

Source: Yang et al. (2024), arXiv 2408.07888, who call it interleaved, and interleaved curriculum where a
difficulty is given; spiral: Bruner (1960), The process of education. Written from the definition: their released script
shadows its own functions.
Neutral limit: one part is `blocked`; without a difficulty, as many parts as the largest group has lessons is
`interleaved`.

>>> from tutelage.toys import stream, view                 # a b c are left, d e f right
>>> import numpy as np
>>> now = view(taught=np.array([0, 1, 2, 3, 4]))
>>> Spiral(parts=2).plan(now.lessons, now, stream(0, "order"))[0].order
array([0, 1, 3, 2, 4])
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import Syllabus, View
from tutelage.kit.orders import in_parts, staged


@method
class Spiral:
    """by: how hard a lesson is; None: all alike. group: a column. levels: so many of equal size, or thresholds of the
    difficulty; None: every difference counts. shuffle: lessons of a level, and the groups, in random order.
    """

    parts: Annotated[int, Field(ge=1)] = 3
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
        return staged(self, lessons, view, rng, lambda groups, levels: in_parts(groups, levels, self.parts))
