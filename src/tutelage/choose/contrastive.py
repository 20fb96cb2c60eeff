"""Ask about examples that the student judges unlike the labelled examples that lie next to them.

Score of an example x:  (1/k) sum_l KL(p_l || p_x),  l = the k labelled examples nearest to x in the student's
embedding, p = the student's label probabilities; in nats. With H the entropy and q the mean of the p_l this is
-mean H(p_l) - sum_c q_c log p_x,c, one pass over the pool. Highest first; equal scores in random order.

Source: Margatina, Vernikos, Barrault, Aletras (2021), Contrastive Active Learning, section 2 and algorithm 1 (k = 10).
Neutral limit: a student that answers the same everywhere, or no lesson yet, makes this `uniform`.

>>> from tutelage.toys import POOL, stream, view      # a student that knows -2 as left and 2 as right
>>> left = view(taught=[0])                           # only -3 is labelled: what lies right of 0 is judged unlike it
>>> chosen = Contrastive(neighbours=1).choose(left, 2, stream(0, "choose"))
>>> sorted(left.pool.take(chosen.rows).ids())
['e', 'f']
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Floats, Kinds, Pool, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, CanWeigh, Chosen, View
from tutelage.kit.ask import embeddings, probabilities, weigh
from tutelage.kit.cost import BATCH, PASS, Cost, Size, embedding, neighbours, together, weighing
from tutelage.kit.info import entropy, logs
from tutelage.kit.lessons import held
from tutelage.kit.neighbours import nearest
from tutelage.kit.ranking import at_random, top_n


@method
class Contrastive:
    """Needs labelled examples to compare with; before there are any it chooses at random and scores nothing."""

    neighbours: Annotated[int, Field(ge=1)] = 10

    needs: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed})

    def costs(self, size: Size) -> Cost:
        compared = Cost(0.0, 2 * PASS * size.pool * size.classes * min(self.neighbours, size.held))
        near = neighbours(min(size.pool, BATCH), size.held, size.width, self.neighbours)
        batches = Cost(near.bytes, near.flop * size.pool / min(size.pool, BATCH))
        return together(weighing(size), embedding(size._replace(pool=min(size.pool, BATCH))), batches, compared)

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        taught = held(view.lessons)
        if not taught:
            return at_random(view.pool, n, rng)
        places = np.concatenate([embeddings(view.student, pool) for pool in taught])
        beliefs = np.concatenate([probabilities(view.student, pool) for pool in taught]).astype(np.float64)
        doubts = entropy(beliefs)

        def score(batch: Pool, probs: Array) -> Floats:
            near = nearest(embeddings(view.student, batch), self.neighbours, places).rows
            crossed = np.zeros(len(batch))
            own = logs(probs)
            for one in near.T:
                crossed -= np.einsum("ij,ij->i", beliefs[one], own) + doubts[one]
            return np.asarray(np.maximum(crossed / near.shape[1], 0.0))

        return top_n(view.pool, weigh(view.student, view.pool, score), n, rng)
