"""Choose n examples that stand for n clusters of the pool.

The pool is clustered into n by k-means in the student's embedding; of each cluster the member nearest to its centre is
taken, largest cluster first. Score of an example: minus its distance to the centre of its cluster. Where fewer than n
points differ, the rest are drawn at random.

Source: Xu, Yu, Tresp, Xu, Wang (2003), representative sampling; Lloyd (1982) and Arthur, Vassilvitskii (2007).
Neutral limit: where every example embeds alike this is `uniform`.

>>> from tutelage.toys import stream, view            # -3 -2 -0.2 0.2 2 3: the middles of two clusters
>>> chosen = KMeans().choose(view(), 2, stream(1, "choose"))
>>> sorted(view().pool.take(chosen.rows).ids())
['b', 'e']
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, Chosen, View
from tutelage.kit.ask import embeddings
from tutelage.kit.cluster import k_means, middles
from tutelage.kit.ranking import at_random, filled, in_table_order, placed


@method
class KMeans:
    """Looks at the pool alone: it may choose beside what is already labelled; `typical` does not."""

    rounds: Annotated[int, Field(ge=1)] = 50  # at most so many rounds of Lloyd; it stops when they gain no more

    needs: ClassVar[Kinds] = frozenset({CanEmbed})

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if n <= 0 or n >= len(view.pool):
            return at_random(view.pool, n, rng)
        ordered = in_table_order(view.pool)
        clusters = k_means(embeddings(view.student, ordered.pool), n, rng, rounds=self.rounds)
        sizes = np.bincount(clusters.which)
        picks = middles(clusters, rng)[np.argsort(-sizes, kind="stable")]
        return placed(ordered, filled(picks.tolist(), n, len(ordered.pool), rng), -np.sqrt(clusters.away))
