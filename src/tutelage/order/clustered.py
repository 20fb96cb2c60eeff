"""Lessons about alike things form the groups, found by k-means; then they come blocked, in turn, or in a spiral.

    groups = k-means of the student's embeddings of the examples, at most `clusters` of them
    arrange: blocked | interleaved | spiral (in `parts`), each as the curriculum of that name does it

For material that nobody sorted into subjects. Each lesson's example is embedded by the student as it is now, the
embeddings brought to length 1, so that alike means a small angle. Fewer clusters where the examples that differ are
fewer.

Source: automatic categories instead of subjects: Yang et al. (2024), arXiv 2408.07888 (there a reduction of
dimension and density clusters, here k-means: Lloyd (1982), seeded as in Arthur and Vassilvitskii (2007)).
Neutral limit: with one cluster it is `easy_first` by the same difficulty, whatever the arrangement.

>>> from tutelage.toys import stream, view                 # a b c lie left of zero, d e f right
>>> import numpy as np
>>> now = view(taught=np.array([0, 5, 1, 4]))
>>> Clustered(clusters=2).plan(now.lessons, now, stream(0, "order"))[0].order
array([0, 2, 1, 3])
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Ints, Kinds, Lessons, Rng
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import CanEmbed, Stage, Syllabus, View
from tutelage.kit.ask import embeddings
from tutelage.kit.cluster import k_means
from tutelage.kit.orders import blocked, by_appearance, count, dealt, in_parts, in_turn, levelled, rated


@method
class Clustered:
    """by: how hard a lesson is; None: all alike. levels: so many of equal size, or thresholds of the difficulty; None:
    every difference counts. parts: of a spiral. shuffle: lessons of a level, and the clusters, in random order.
    """

    clusters: Annotated[int, Field(ge=1)] = 10
    arrange: Literal["blocked", "interleaved", "spiral"] = "blocked"
    parts: Annotated[int, Field(ge=1)] = 3
    by: Annotated[Any, part("order.difficulty")] = None
    levels: Annotated[int, Field(ge=1)] | tuple[float, ...] | None = None
    shuffle: bool = False

    @property
    def needs(self) -> Kinds:
        """Embeddings, and what the difficulty needs of the student that is taught."""
        return frozenset({CanEmbed, *getattr(self.by, "needs", frozenset())})

    @property
    def students_need(self) -> Kinds:
        """What the difficulty needs of other students."""
        return frozenset(getattr(self.by, "students_need", frozenset()))

    def rows(self, n: float) -> float:
        """Every lesson once."""
        return n

    def plan(self, lessons: Lessons, view: View, rng: Rng) -> Syllabus:
        """One stage."""
        ours, theirs = rng.spawn(2)
        levels = levelled(rated(self.by, lessons, view, theirs), self.levels)
        start, groups = dealt(self._groups(lessons, view, ours), self.shuffle, rng)
        if self.arrange == "spiral":
            order = in_parts(groups, levels[start], self.parts)
        else:
            order = (blocked if self.arrange == "blocked" else in_turn)(groups, levels[start])
        return (Stage(lessons, start[order]),)

    def _groups(self, lessons: Lessons, view: View, rng: Rng) -> Ints:
        """(n,) the cluster of each lesson, numbered by first appearance."""
        if count(lessons) == 0:
            return np.zeros(0, dtype=np.int64)
        if any(block.about.starts is not None for block in lessons):
            raise ContractBroken("a lesson about several rows has no one embedding")
        found = np.concatenate([embeddings(view.student, block.about.examples()) for block in lessons if block.size])
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return by_appearance(k_means(found / np.maximum(lengths, 1e-12), self.clusters, rng).which)
