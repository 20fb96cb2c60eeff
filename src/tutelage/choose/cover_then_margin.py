"""Cover the pool while few labels are held, then ask where the student is uncertain and candidates are spread.

While the labels held are fewer than `switch` a class on average, `cover` chooses (by default `typical`). Afterwards the
m = ceil(beta n) examples of smallest margin are clustered into n by k-means in the student's embedding, each weighted
by its uncertainty 1 - (p_(1) - p_(2)); of each cluster the member nearest to its centre is taken, least certain first.
Score of an example: that of the part that chose.

Source: the second half is Zhdanov (2019), Diverse mini-batch active learning, section 3; covering first, as Hacohen,
Dekel, Weinshall (2022) find right for few labels. Putting the two behind one another with this switch is our own.
Neutral limit: switch = inf is `cover`, exactly; switch = 0 with beta = 1 is `margin`, exactly.

>>> from tutelage.toys import stream, view            # two labels, two classes: one a class, so the margin decides
>>> later = view(taught=[0, 5])
>>> chosen = CoverThenMargin(switch=1, beta=1).choose(later, 2, stream(0, "choose"))
>>> sorted(later.pool.take(chosen.rows).ids())
['c', 'd']
"""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from tutelage.choose.margin import Margin
from tutelage.choose.typical import Typical
from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import CanEmbed, CanWeigh, Chosen, View
from tutelage.kit.ask import embeddings
from tutelage.kit.cluster import k_means, middles
from tutelage.kit.cost import Cost, Size, clusters, cost_of, in_turn, together
from tutelage.kit.lessons import held_count
from tutelage.kit.ranking import filled


@method
class CoverThenMargin:
    """A budget that begins at nothing needs both halves: doubt is worthless before the classes have been seen."""

    switch: Annotated[float, Field(ge=0)] = 2.0  # labels held per class, on average, from which on the margin decides
    beta: Annotated[float, Field(ge=1)] = 10.0  # how many times n of the least certain are kept as candidates
    cover: Annotated[Any, part("choose")] = Typical()

    needs: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed})

    def costs(self, size: Size) -> Cost:
        if size.held < self.switch * max(size.classes, 1):
            return cost_of(self.cover, size)
        near = min(self.beta * size.asked, size.pool)
        among = clusters(near, size.width, size.asked)
        return in_turn(cost_of(Margin(), size), together(Cost(4.0 * near * size.width), among))

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if self._covers(view):
            covered: Chosen = self.cover.choose(view, n, rng)
            return covered
        candidates = math.ceil(min(self.beta * max(n, 0), len(view.pool)))  # beta may be inf
        margin = Margin().choose(view, candidates, rng)
        if len(margin.rows) <= n:
            return margin
        x = embeddings(view.student, view.pool.take(margin.rows))
        doubt = 1 + margin.scores[margin.rows]
        picks = middles(k_means(x, n, rng, doubt), rng).tolist()
        return margin._replace(rows=margin.rows[np.sort(filled(picks, n, len(x), rng))])

    def _covers(self, view: View) -> bool:
        """Whether labels are still too few; without classes they always are."""
        lists = [view.pool.labels, *(block.about.pool.labels for block in view.lessons)]
        return held_count(view.lessons) < self.switch * max(len(max(lists, key=len)), 1)
