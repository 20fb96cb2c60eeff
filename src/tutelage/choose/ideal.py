"""Choose the examples from which a cascade along likeness would reach most of the pool: once, before any model is.

Each example v points at its k most alike, u, with probability  p(v, u) = cos(v, u) / sum_{z among the k} cos(v, z),
h = the student's embedding, negative cosines counting as 0. Influence f(S): how many examples are active at the end
when each newly active v activates every u it points at with probability p(v, u), the mean of `cascades` worlds. Again
and again the example that raises f most is chosen, those labelled already being active. The same worlds serve all
candidates (else the noise of fresh ones would choose), so f is exactly submodular, few gains are evaluated, and n picks
reach at least (1 - 1/e) of the best. Score of an example: what it added to f when it was chosen.

Source: Zhang, Xia, Wang, Chen, Liu, Wu, Liu (2024), IDEAL, graph, diffusion and greedy search of its method (k = 10,
10 cascades); Kempe, Kleinberg, Tardos (2003) for the bound. The authors' code starts from the node of largest
out-degree, which is arbitrary as all have k edges, and draws fresh cascades for each candidate; neither is done here.
Neutral limit: where every example embeds alike this is `uniform`.

>>> from tutelage.toys import stream, vector_pool, view
>>> pool = vector_pool([[9, 1], [9, 2], [9, 3], [1, 9]])   # with one neighbour p = 1: a -> b -> c -> b and d -> c
>>> chosen = Ideal(neighbours=1).choose(view(pool), 1, stream(0, "choose"))
>>> pool.take(chosen.rows).ids()[0] in "ad", float(chosen.scores[chosen.rows][0])    # each reaches three
(True, 3.0)
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Floats, Ints, Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, Chosen, View
from tutelage.kit.ask import embeddings
from tutelage.kit.cascade import TAGS, activate, chances, gains, worlds
from tutelage.kit.cost import PICKED, Cost, Size, graph, together
from tutelage.kit.graph import like
from tutelage.kit.lazy import Taken, lazy_greedy
from tutelage.kit.lessons import held_embeddings
from tutelage.kit.ranking import at_random, filled, in_table_order, placed


def most_influential(near: Ints, chance: Floats, held: int, n: int, cascades: int, rng: Rng) -> Taken:
    """At most n of the points behind the first `held`, which are active from the start; gains summed over the worlds.

    near (m, k): whom each point may activate, with probability chance (m, k).
    """
    those = worlds(near, chance, cascades, rng)
    active = np.zeros(those.nodes, dtype=bool)
    activate(those, np.arange(held), active)
    return lazy_greedy(
        gains(those, np.arange(held, len(near)), active),
        n,
        lambda rows: gains(those, held + rows, active),
        lambda row: activate(those, np.array([held + row]), active),
        rng,
    )


@method
class Ideal:
    """Best with a small budget, where an example has to stand for many; asks nothing of the student's answers."""

    neighbours: Annotated[int, Field(ge=1)] = 10
    cascades: Annotated[int, Field(ge=1)] = 10  # worlds in which influence is counted

    needs: ClassVar[Kinds] = frozenset({CanEmbed})

    def costs(self, size: Size) -> Cost:
        """A cascade's reach has no formula; 30 points a world is what embeddings of messages give."""
        kept = float(size.pool + size.held) * self.cascades
        followed = kept * 30 * PICKED / 4
        return together(graph(size, self.neighbours), Cost(4.0 * TAGS + 60.0 * kept, followed))

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if n <= 0 or n >= len(view.pool):
            return at_random(view.pool, n, rng)
        ordered = in_table_order(view.pool)
        x = embeddings(view.student, ordered.pool)
        known = held_embeddings(view.student, view.lessons, x.shape[1])
        near, cosines = like(np.concatenate([known, x]), self.neighbours, rng)
        taken = most_influential(near, chances(cosines), len(known), n, self.cascades, rng)
        scores = np.full(len(x), np.nan)
        scores[taken.rows] = taken.gains / self.cascades
        return placed(ordered, filled(taken.rows.tolist(), n, len(x), rng), scores)
