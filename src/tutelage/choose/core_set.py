"""Choose examples so that nothing in the pool lies far from something labelled.

Greedy k-centre: again and again the example whose distance to the nearest labelled or chosen one is largest,
argmax_u min_{s labelled or chosen} |h_u - h_s|,  h = the student's embedding. Exact; the radius left is at most twice
the smallest possible. With no label held the first is the example farthest from the mean. Score of an example: its
distance to the nearest example labelled or chosen before it (NaN for a first one that has none).

Source: Sener, Savarese (2018), algorithm 1; Gonzalez (1985) for the bound.
Neutral limit: where every example embeds alike this is `uniform`.

>>> from tutelage.toys import stream, view            # -3 -2 -0.2 0.2 2 3: the two ends first
>>> chosen = CoreSet().choose(view(), 2, stream(0, "choose"))
>>> sorted(view().pool.take(chosen.rows).ids())
['a', 'f']
"""

from __future__ import annotations

from typing import ClassVar

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, Chosen, View
from tutelage.kit.ask import embeddings
from tutelage.kit.cost import Cost, Size, embedding, passes, together
from tutelage.kit.cover import farthest_first
from tutelage.kit.lessons import held_embeddings
from tutelage.kit.ranking import at_random, in_table_order, placed


@method
class CoreSet:
    """One matrix-vector product a pick; memory O(pool) beside the embeddings."""

    needs: ClassVar[Kinds] = frozenset({CanEmbed})

    def costs(self, size: Size) -> Cost:
        return together(embedding(size), passes(size.pool, size.width, size.asked + size.held / 5))

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if n <= 0 or n >= len(view.pool):
            return at_random(view.pool, n, rng)
        ordered = in_table_order(view.pool)
        x = embeddings(view.student, ordered.pool)
        cover = farthest_first(x, held_embeddings(view.student, view.lessons, x.shape[1]), n, rng)
        return placed(ordered, cover.rows, cover.away)
