"""Choose the most typical example of each part of the pool where no label is held yet: for very few labels.

Labelled and unlabelled examples together are clustered into min(labels held + n, max_clusters) in the student's
embedding. Clusters are visited in turn, those with the fewest labels first and of these the largest; those of at most
`small` examples only when the others are used up. From each the most typical unlabelled example is taken:
Typicality(x) = 1 / mean distance to its K = min(neighbours, cluster size - 1) nearest neighbours in the cluster.
Score of an example: its typicality, where its cluster was visited.

Source: Hacohen, Dekel, Weinshall (2022), TypiClust, section 3 and algorithm 1 (K = 20, at most 500 clusters, clusters
of 5 or fewer set aside). They scale embeddings to length 1 first; here the distance is that of the student's embedding.
Neutral limit: where every example embeds alike this is `uniform`.

>>> from tutelage.toys import stream, view            # -3 -2 -0.2 0.2 2 3: left and right, none labelled
>>> left = view(taught=[0])                           # -3 is labelled: the cluster on the right is uncovered
>>> chosen = Typical().choose(left, 1, stream(0, "choose"))
>>> left.pool.take(chosen.rows).ids()[0] in "def"
True
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Floats, Floats32, Ints, Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, Chosen, View
from tutelage.kit.ask import embeddings
from tutelage.kit.cluster import k_means
from tutelage.kit.cost import Cost, Size, clusters, embedding, neighbours, together
from tutelage.kit.lessons import held_embeddings
from tutelage.kit.neighbours import nearest
from tutelage.kit.ranking import at_random, best, filled, in_table_order, placed

TIGHTEST = 1e-9  # a mean distance below it counts as this, so that the typicality of duplicates stays finite


def typicality(x: Array, neighbours: int) -> Floats:
    """(n,) the inverse of the mean distance to the nearest others; 0 for a point that is alone."""
    away = nearest(x, neighbours).away
    if away.shape[1] == 0:
        return np.zeros(len(x))
    return np.asarray(1 / np.maximum(away.mean(axis=1, dtype=np.float64), TIGHTEST))


def visits(which: Ints, held: int, small: int, rng: Rng) -> Ints:
    """Clusters in the order of the first turn; the first `held` entries of `which` are labelled examples.

    Few labels before many, large before small, random where equal; at most `small` examples: behind all others.
    """
    sizes = np.bincount(which)
    labels = np.bincount(which[:held], minlength=len(sizes))
    return np.lexsort((rng.random(len(sizes)), -sizes, labels, sizes <= small))


@method
class Typical:
    """Good while labels are fewer than a handful a class; afterwards it never asks what the student doubts."""

    neighbours: Annotated[int, Field(ge=1)] = 20
    max_clusters: Annotated[int, Field(ge=1)] = 500
    small: Annotated[int, Field(ge=0)] = 5

    needs: ClassVar[Kinds] = frozenset({CanEmbed})

    def costs(self, size: Size) -> Cost:
        """Of the clusters those visited are looked into pair by pair; they are thought of as equally large."""
        points = float(size.pool + size.held)
        many = max(min(size.held + size.asked, self.max_clusters), 1)
        inside = neighbours(points / many, points / many, size.width, self.neighbours)
        looked = Cost(inside.bytes, min(size.asked, many) * inside.flop)
        return together(embedding(size), embedding(size), clusters(points, size.width, many), looked)

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if n <= 0 or n >= len(view.pool):
            return at_random(view.pool, n, rng)
        ordered = in_table_order(view.pool)
        x = embeddings(view.student, ordered.pool)
        known = held_embeddings(view.student, view.lessons, x.shape[1])
        everyone = np.concatenate([known, x]) if len(known) else x
        which = k_means(everyone, min(len(known) + n, self.max_clusters), rng).which
        scores = np.full(len(everyone), np.nan)
        picks = self._picked(everyone, which, len(known), n, scores, rng)
        return placed(ordered, filled(picks, n, len(x), rng), scores[len(known) :])

    def _picked(self, x: Floats32, which: Ints, held: int, n: int, scores: Floats, rng: Rng) -> list[int]:
        """One most typical example a visit, turn after turn; writes typicalities into `scores` as it goes."""
        turn = visits(which, held, self.small, rng)
        large = np.bincount(which)[turn] > self.small
        free: dict[int, Ints] = {}
        picks: list[int] = []
        for several in (turn[large], turn[~large]):
            waiting = several.tolist()
            while waiting and len(picks) < n:
                for cluster in waiting[: n - len(picks)]:
                    if cluster not in free:
                        members = np.flatnonzero(which == cluster)
                        scores[members] = typicality(x[members], self.neighbours)
                        free[cluster] = members[members >= held]
                    if len(free[cluster]) == 0:
                        continue
                    at = best(scores[free[cluster]], rng)
                    picks.append(int(free[cluster][at]) - held)
                    free[cluster] = np.delete(free[cluster], at)
                waiting = [cluster for cluster in waiting if cluster not in free or len(free[cluster])]
        return picks
