"""Level after level from easy to hard, and inside a level one lesson of each group in turn.

    for level in levels, easiest first:  round robin over the groups' lessons of this level

so that, while all groups last, each turn holds one lesson of each of them. A group whose lessons of the level are used
up drops out; none is lost or repeated. The group is a column, or without one the class that a lesson teaches. Lessons
that neither level nor group tells apart keep their order, and groups come in the order in which they first appear; with
`shuffle` both are random.

Source: Lee, Cho and Yoo (2024), Instruction Tuning with Human Curriculum, arXiv 2310.09518 (interleaving).
Neutral limit: with one group it is `easy_first` by the same difficulty; with one level it is round robin alone.

>>> from tutelage.toys import stream, view                 # a b c are left, d e f right
>>> import numpy as np
>>> now = view(taught=np.array([0, 1, 2, 3]))
>>> Interleaved().plan(now.lessons, now, stream(0, "order"))[0].order
array([0, 3, 1, 2])
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import Syllabus, View
from tutelage.kit.orders import in_turn, staged


@method
class Interleaved:
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
        return staged(self, lessons, view, rng, in_turn)
