"""Choose examples whose balls of one radius cover as much of the pool as possible: for very few labels.

Greedy maximum coverage: again and again  argmax_u |{x uncovered : |h_x - h_u| < delta}|,  h = the student's embedding;
what lies in the ball of a labelled example is covered from the start. The radius is the largest at which a share
`purity` of the balls holds one pseudo-label alone, pseudo-labels being clusters of k-means, one for each known class
(two where fewer are known). When all is covered the rest is drawn at random. Score of an example: how many uncovered
ones its ball held when it was chosen, and at the end for the others. No graph is stored: what a pick covers is taken
off every count by one product, over all picks at most one pass more. Greedy covers at least 1 - 1/e of the best.

Source: Yehuda, Dekel, Hacohen, Weinshall (2022), ProbCover, algorithm 1 and the estimate of delta (purity 0.95; k-means
with the number of classes). They try a grid of radii; here the radius is computed exactly.
Neutral limit: where every example embeds alike, or no ball holds another example, this is `uniform`.

>>> from tutelage.toys import stream, view            # -3 -2 -0.2 0.2 2 3: balls of radius 2.3 hold 2 4 4 4 4 2
>>> chosen = ProbCover(delta=2.3).choose(view(), 2, stream(0, "choose"))
>>> chosen.scores[chosen.rows].tolist()               # the second ball holds the two that are left
[4.0, 2.0]
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Floats32, Ints, Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, Chosen, View
from tutelage.kit.ask import embeddings
from tutelage.kit.balls import inside, pure_radius2
from tutelage.kit.cost import PASS, Cost, Size, clusters, embedding, passes, together
from tutelage.kit.distances import Space, blocks, space_of, to_nearest
from tutelage.kit.lessons import held_embeddings
from tutelage.kit.ranking import at_random, best, filled, in_table_order, placed


def held_in_balls(space: Space, rows: Ints, radius2: float) -> Ints:
    """(n,) how many of these rows lie in the ball around each point."""
    counts = np.zeros(len(space.x), dtype=np.int64)
    for part in blocks(len(rows), len(space.x)):
        counts += np.count_nonzero(inside(space, rows[part], radius2), axis=0)
    return counts


def covering(x: Floats32, held: Array, radius2: float, n: int, rng: Rng) -> tuple[list[int], Ints]:
    """At most n rows of x whose balls cover most of what the balls of `held` do not, and every count as a score."""
    space = space_of(x)
    bare = np.ones(len(x), dtype=bool) if not len(held) else to_nearest(space, held).away >= np.float32(radius2)
    counts = held_in_balls(space, np.flatnonzero(bare), radius2)
    scores = np.zeros(len(x), dtype=np.int64)
    picks: list[int] = []
    while len(picks) < n and counts.max() > 0:
        row = best(counts, rng)
        picks.append(row)
        scores[row] = counts[row]
        newly = np.flatnonzero(inside(space, np.array([row]), radius2)[0] & bare)
        bare[newly] = False
        counts -= held_in_balls(space, newly, radius2)
    rest = np.setdiff1d(np.arange(len(x)), picks)
    scores[rest] = counts[rest]
    return picks, scores


@method
class ProbCover:
    """Looks at dense regions first; `core_set`, which fixes the coverage and not the radius, at outliers."""

    delta: Annotated[float, Field(gt=0)] | None = None  # radius in the student's embedding; None: from `purity`
    purity: Annotated[float, Field(gt=0, le=1)] = 0.95
    clusters: Annotated[int, Field(ge=2)] | None = None  # of k-means; None: as many as labels are known, at least two
    probes: Annotated[int, Field(ge=1)] = 5000  # balls looked at for the purity; in a larger pool they are drawn

    needs: ClassVar[Kinds] = frozenset({CanEmbed})

    def costs(self, size: Size) -> Cost:
        """Two passes over all pairs, which are compared block by block, and the probes of the radius."""
        pairs = float(size.pool) ** 2
        probed = 0.0 if self.delta is not None else float(min(self.probes, size.pool)) * size.pool
        counted = Cost(64e6, (1.5 * pairs + probed) * (2.0 * size.width + 6 * PASS))
        radius = clusters(size.pool, size.width, self.clusters or max(size.classes, 2))
        return together(embedding(size), embedding(size), radius, counted, passes(size.pool, size.width, size.asked))

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if n <= 0 or n >= len(view.pool):
            return at_random(view.pool, n, rng)
        ordered = in_table_order(view.pool)
        x = embeddings(view.student, ordered.pool)
        known = held_embeddings(view.student, view.lessons, x.shape[1])
        picks, scores = covering(x, known, self._radius2(view, np.concatenate([known, x]), rng), n, rng)
        return placed(ordered, filled(picks, n, len(x), rng), scores)

    def _radius2(self, view: View, everyone: Floats32, rng: Rng) -> float:
        """The squared radius."""
        if self.delta is not None:
            return self.delta**2
        lists = [view.pool.labels, *(block.about.pool.labels for block in view.lessons)]
        clusters = self.clusters or max(len(max(lists, key=len)), 2)
        return pure_radius2(everyone, clusters, self.purity, self.probes, rng)
