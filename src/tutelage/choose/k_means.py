"""Choose n examples that stand for n clusters of the pool, or of the part of it that the student doubts.

The pool is clustered into n by k-means in the student's embedding; of each cluster the member nearest to its centre is
taken, largest cluster first. Score of an example: minus its distance to the centre of its cluster. Where fewer than n
points differ, the rest are drawn at random.

With `weigh` the ceil(beta n) examples of largest doubt u alone are clustered, each with weight u, largest sum of
weights first; the others have no score. u = 1 - (p_(1) - p_(2)) for `margin`, H(p) for `entropy`, 1 - max_c p_c for
`least_confident`, p = the student's label probabilities.

Source: Xu, Yu, Tresp, Xu, Wang (2003), representative sampling; Lloyd (1982) and Arthur, Vassilvitskii (2007). With
weights: Zhdanov (2019), Diverse mini-batch active learning, section 3, whose doubt is the margin.
Neutral limit: where every example embeds alike this is `uniform`; with weights, beta = 1 takes the n of largest doubt,
and `margin` is the second half of `cover_then_margin`, as a set.

>>> from tutelage.toys import stream, view            # -3 -2 -0.2 0.2 2 3: the middles of two clusters
>>> chosen = KMeans().choose(view(), 2, stream(1, "choose"))
>>> sorted(view().pool.take(chosen.rows).ids())
['b', 'e']
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Floats, Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, CanWeigh, Chosen, View
from tutelage.kit.ask import embeddings, weigh
from tutelage.kit.cluster import k_means, middles
from tutelage.kit.cost import Cost, Size, clusters, embedding, in_turn, together, weighing
from tutelage.kit.info import entropy, margin, top
from tutelage.kit.ranking import at_random, filled, in_table_order, placed, top_n

DOUBTS: dict[str, Callable[[Array], Floats]] = {
    "margin": lambda p: 1 - margin(p),
    "entropy": entropy,
    "least_confident": lambda p: 1 - top(p),
}


@method
class KMeans:
    """Looks at the pool alone: it may choose beside what is already labelled; `typical` does not."""

    rounds: Annotated[int, Field(ge=1)] = 50  # at most so many rounds of Lloyd; it stops when they gain no more
    weigh: Literal["none", "margin", "entropy", "least_confident"] = "none"
    beta: Annotated[float, Field(ge=1)] = 10.0  # with `weigh`: how many times n are kept as candidates; may be inf

    @property
    def needs(self) -> Kinds:
        """Probabilities only where they weigh."""
        return frozenset({CanEmbed}) if self.weigh == "none" else frozenset({CanEmbed, CanWeigh})

    def costs(self, size: Size) -> Cost:
        if self.weigh == "none":
            return together(embedding(size), clusters(size.pool, size.width, size.asked, self.rounds))
        near = min(self.beta * size.asked, size.pool)
        among = clusters(near, size.width, size.asked, self.rounds)
        return in_turn(weighing(size), together(Cost(4.0 * near * size.width), among))

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if n <= 0 or n >= len(view.pool):
            return at_random(view.pool, n, rng)
        if self.weigh != "none":
            return self._weighed(view, n, rng)
        ordered = in_table_order(view.pool)
        clusters = k_means(embeddings(view.student, ordered.pool), n, rng, rounds=self.rounds)
        sizes = np.bincount(clusters.which)
        picks = middles(clusters, rng)[np.argsort(-sizes, kind="stable")]
        return placed(ordered, filled(picks.tolist(), n, len(ordered.pool), rng), -np.sqrt(clusters.away))

    def _weighed(self, view: View, n: int, rng: Rng) -> Chosen:
        """Among the most doubtful; the ranking puts them in an order that does not depend on the pool's."""
        doubts = weigh(view.student, view.pool, lambda batch, probs: DOUBTS[self.weigh](probs))
        near = top_n(view.pool, doubts, math.ceil(min(self.beta * n, len(view.pool))), rng).rows
        mass = doubts[near]
        clusters = k_means(embeddings(view.student, view.pool.take(near)), n, rng, mass, self.rounds)
        sums = np.bincount(clusters.which, weights=mass)
        picks = middles(clusters, rng)[np.argsort(-sums, kind="stable")]
        scores = np.full(len(view.pool), np.nan)
        scores[near] = -np.sqrt(clusters.away)
        return Chosen(near[filled(picks.tolist(), n, len(near), rng)], scores)
