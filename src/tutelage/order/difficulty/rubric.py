"""Several columns say how hard, the first before the second: the stage of a syllabus, then the kind of question.

    difficulty = rank of (column 1, column 2, ..) among all combinations that occur, compared from left to right

Each column is numbers, or words with their order from easy to hard.

Source: Lee, Cho and Yoo (2024), Instruction Tuning with Human Curriculum, arXiv 2310.09518: educational
stage, then level of Bloom's taxonomy. The nesting of the two in the released data was not verified.
Neutral limit: with one column it orders as `column` does.

>>> from tutelage.toys import replies_pool, stream, view
>>> from tutelage.core.data import Itself, Block, Rows
>>> pool = replies_pool([("p", "a", "1"), ("q", "b", "2"), ("r", "c", "3")], stage=[2, 1, 1], bloom=[0, 1, 0])
>>> lessons = (Block(Rows(pool, np.arange(3)), None, Itself, {}, "file", np.zeros(3), np.ones(3)),)
>>> Rubric(columns={"stage": [], "bloom": []}).rate(lessons, view(pool), stream(0, "order"))
array([2., 1., 0.])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Floats, Kinds, Lessons, Rng
from tutelage.core.method import method
from tutelage.core.stages import View
from tutelage.kit.grading import graded_column


@method
class Rubric:
    """columns: name -> its values from easy to hard; an empty list where they are numbers. The first weighs most."""

    columns: Mapping[str, tuple[str, ...]] = Field(default_factory=lambda: {"stage": (), "level": ()})

    needs: ClassVar[Kinds] = frozenset()

    def rate(self, lessons: Lessons, view: View, rng: Rng) -> Floats:
        """Refused for a missing column or value, or for words without an order. Without columns all are equal."""
        found = [graded_column(lessons, name, values, "order.by.columns") for name, values in self.columns.items()]
        if not found:
            return np.zeros(sum(block.size for block in lessons))
        return np.asarray(np.unique(np.stack(found, axis=1), axis=0, return_inverse=True)[1].ravel(), dtype=np.float64)
