"""A column of the material says how hard: its numbers as they are, or its words in an order that you give.

    difficulty = number in the column;   with `values`, the place of the word among them, 0 for the first

Source: none; labels that people gave, such as the share of exam takers who failed a question (Yang et al., 2024,
arXiv 2408.07888) or the level of a question in a taxonomy (Lee, Cho and Yoo, 2024, NAACL Findings).
Neutral limit: a column of one value leaves the given order.

>>> from tutelage.toys import replies_pool, stream, view
>>> from tutelage.core.data import Itself, Block, Rows
>>> pool = replies_pool([("p", "a", "1"), ("q", "b", "2"), ("r", "c", "3")], level=["apply", "remember", "apply"])
>>> lessons = (Block(Rows(pool, np.arange(3)), None, Itself, {}, "file", np.zeros(3), np.ones(3)),)
>>> Column(name="level", values=("remember", "apply")).rate(lessons, view(pool), stream(0, "order"))
array([1., 0., 1.])
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tutelage.core.data import Floats, Kinds, Lessons, Rng
from tutelage.core.method import method
from tutelage.core.stages import View
from tutelage.kit.grading import graded_column


@method
class Column:
    """values: from easy to hard; every value of the column has to be among them. falling: high is easy."""

    name: str = "level"
    values: tuple[str, ...] = ()
    falling: bool = False

    needs: ClassVar[Kinds] = frozenset()

    def rate(self, lessons: Lessons, view: View, rng: Rng) -> Floats:
        """Refused for a missing column or value, or for words without an order."""
        found = graded_column(lessons, self.name, self.values, "order.by")
        return np.asarray(-found if self.falling else found)
