"""Choose examples so that everything in the pool has something labelled that is like it.

f(S) = sum_x max_{s labelled or in S} sim(x, s),  sim = max(cosine of the student's embeddings, 0). Each pick is the
example that raises f most; f is monotone and submodular, so n picks reach at least 1 - 1/e of what the best n would.
Up to `dense` examples sim is taken between all pairs (4 dense^2 bytes: 100 MB at 5,000); in a larger pool only between
an example and its `neighbours` most alike, 0 elsewhere. All gains are kept, and a pick changes them only through those
that it serves better than before. Similarities are counted in steps of 2^-20, so the gains kept are those that
summing afresh would give. Score of an example: its gain when it was chosen.

Source: Nemhauser, Wolsey, Fisher (1978) for the bound; Lin, Bilmes (2009) for choosing examples to label.
Neutral limit: where every example embeds alike this is `uniform`; neighbours >= pool makes both ways the same.

>>> from tutelage.toys import stream, vector_pool, view
>>> pool = vector_pool([[9, 1], [9, 2], [9, 3], [1, 9]])   # three alike and an odd one
>>> chosen = FacilityLocation().choose(view(pool), 2, stream(0, "choose"))
>>> pool.take(chosen.rows).ids()                      # of the three the one that serves the odd one best
['c', 'd']
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Floats32, Ints, Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, Chosen, View
from tutelage.kit.ask import embeddings
from tutelage.kit.cost import PASS, Cost, Size, embedding, graph, together
from tutelage.kit.distances import blocks
from tutelage.kit.graph import fans, like, units
from tutelage.kit.lazy import Taken
from tutelage.kit.lessons import held_embeddings
from tutelage.kit.ranking import at_random, best, filled, in_table_order, placed

STEP = 1 << 20  # similarity 1; sums of whole numbers do not depend on their order


def steps(cosines: Floats32) -> Floats32:
    """Cosines in steps, nothing below 0; whole numbers that float32 holds exactly."""
    made = np.rint(cosines * np.float32(STEP))
    return np.asarray(np.maximum(made, 0, out=made))


def served(u: Floats32, held: Floats32) -> Floats32:
    """(n,) the similarity of each point to the most similar of `held`, in steps; 0 where none is held."""
    best_of = np.zeros(len(u), dtype=np.float32)
    for part in blocks(len(u), max(len(held), 1)):
        if len(held):
            best_of[part] = steps((u[part] @ held.T).max(axis=1))
    return best_of


def among_all(u: Floats32, by: Floats32, n: int, rng: Rng) -> Taken:
    """Greedy with similarity between all pairs of the unit vectors; `by` (n,) what serves each already, in steps."""
    sims = np.empty((len(u), len(u)), dtype=np.float32)  # row: who is served, column: by whom
    gains = np.zeros(len(u))
    for part in blocks(*sims.shape):
        sims[part] = steps(u[part] @ u.T)
        gains += np.maximum(sims[part] - by[part, None], 0).sum(axis=0, dtype=np.float64)
    by, free = by.copy(), np.ones(len(u), dtype=bool)
    picks: list[int] = []
    earned: list[float] = []
    while len(picks) < n and gains[free].max(initial=0) > 0:
        row = best(np.where(free, gains, -1), rng)
        picks.append(row)
        earned.append(float(gains[row]))
        free[row] = False
        better = np.flatnonzero(sims[:, row] > by)
        for part in blocks(len(better), len(u)):
            who = better[part]
            before, after = by[who, None], sims[who, row, None]
            lost = np.clip(sims[who], before, after).sum(axis=0, dtype=np.float64)
            gains -= lost - before.sum(dtype=np.float64)
        by[better] = sims[better, row]
    return Taken(np.array(picks, dtype=np.int64), np.array(earned))


def on_graph(near: Ints, cosines: Floats32, by: Floats32, n: int, rng: Rng) -> Taken:
    """The same where only the neighbours near (n, k), and a point itself, have a similarity."""
    near = np.column_stack([np.arange(len(near)), near])
    sims = np.column_stack([np.full(len(near), STEP), steps(cosines)]).astype(np.int64)
    by = by.astype(np.int64)
    more = np.maximum(sims - by[:, None], 0)
    gains = np.zeros(len(near), dtype=np.int64)
    np.add.at(gains, near.ravel(), more.ravel())
    ends, free = fans(near), np.ones(len(near), dtype=bool)
    picks: list[int] = []
    earned: list[float] = []
    while len(picks) < n and gains[free].max(initial=0) > 0:
        row = best(np.where(free, gains, -1), rng)
        picks.append(row)
        earned.append(float(gains[row]))
        free[row] = False
        edges = ends.of(row)
        who = edges // near.shape[1]
        by[who] = np.maximum(by[who], sims.ravel()[edges])
        after = np.maximum(sims[who] - by[who, None], 0)
        np.subtract.at(gains, near[who].ravel(), (more[who] - after).ravel())
        more[who] = after
    return Taken(np.array(picks, dtype=np.int64), np.array(earned))


@method
class FacilityLocation:
    """Middles of dense regions first, small regions when the large ones are served; it never asks what is in doubt."""

    dense: Annotated[int, Field(ge=0, le=20_000)] = 5_000  # up to so many examples all pairs are compared
    neighbours: Annotated[int, Field(ge=1)] = 100  # with more, each only with so many

    needs: ClassVar[Kinds] = frozenset({CanEmbed})

    def costs(self, size: Size) -> Cost:
        if size.pool > self.dense:
            return graph(size, self.neighbours)
        pairs = float(size.pool) ** 2
        taken = min(size.asked, 10) * pairs * 4 * PASS  # the first picks change most of the matrix, later ones little
        return together(
            embedding(size), embedding(size), Cost(4 * pairs, pairs * (2.0 * size.width + 4 * PASS) + taken)
        )

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if n <= 0 or n >= len(view.pool):
            return at_random(view.pool, n, rng)
        ordered = in_table_order(view.pool)
        x = embeddings(view.student, ordered.pool)
        known = held_embeddings(view.student, view.lessons, x.shape[1])
        u = units(np.concatenate([known, x]))
        known, u = u[: len(known)], u[len(known) :]
        by = served(u, known)
        if len(u) <= self.dense:
            taken = among_all(u, by, n, rng)
        else:
            taken = on_graph(*like(x, self.neighbours, rng), by, n, rng)
        scores = np.full(len(u), np.nan)
        scores[taken.rows] = taken.gains / STEP
        return placed(ordered, filled(taken.rows.tolist(), n, len(u), rng), scores)
