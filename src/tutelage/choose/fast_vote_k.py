"""Choose examples that many others count among their nearest, each vote losing weight once it has been heard.

Every example v votes for its k most alike (cosine of the student's embedding) with the weight
s(v) = discount^-(how many of the k are labelled or chosen);  labelled and chosen ones do not vote. Again and again the
example u of the largest  score(u) = sum_{v : u among the k nearest of v} s(v)  is chosen. Score of an example: its
votes when it was chosen, and at the end for the others.

Source: Su, Kasai, Wu, Shi, Wang, Xin, Zhang, Ostendorf, Zettlemoyer, Smith, Yu (2023), Selective annotation makes
language models better few-shot learners, section 2.1, step 1 alone: fast vote-k (k = 150, discount 10).
Neutral limit: where every example embeds alike, or everybody is everybody's neighbour, this is `uniform`.

>>> from tutelage.toys import stream, vector_pool, view
>>> pool = vector_pool([[9, 0], [9, 2], [9, 5], [1, 9]])   # a -> b, b -> a, c -> b, d -> c: two votes for b
>>> chosen = FastVoteK(neighbours=1).choose(view(pool), 1, stream(0, "choose"))
>>> chosen.scores.tolist()                            # b votes no more, so a has none left
[0.0, 2.0, 1.0, 0.0]
"""

from __future__ import annotations

from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Ints, Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, Chosen, View
from tutelage.kit.ask import embeddings
from tutelage.kit.cost import Cost, Size, graph
from tutelage.kit.graph import Fans, fans, like
from tutelage.kit.lessons import held_embeddings
from tutelage.kit.ranking import Ordered, at_random, best, in_table_order, placed

WHOLE = 1 << 40  # a vote of weight 1: votes are whole numbers, so that equal sums are equal in whatever order


class Ballot(NamedTuple):
    """The state of the vote; the arrays change as rows are taken."""

    near: Ints  # (n, k) whom each votes for
    fans: Fans
    heard: Ints  # (n,) how many of its k are labelled or chosen
    weight: Ints  # (n,) of a vote
    votes: Ints  # (n,)


def ballot(near: Ints) -> Ballot:
    """Everybody votes with full weight."""
    n = len(near)
    votes = np.bincount(near.ravel(), minlength=n) * WHOLE
    return Ballot(near, fans(near), np.zeros(n, dtype=np.int64), np.full(n, WHOLE), votes)


def elect(to: Ballot, row: int, discount: float) -> None:
    """The row is labelled or chosen: it votes no more, and those who voted for it count less from now on."""
    who = to.fans.of(row) // max(to.near.shape[1], 1)
    to.heard[who] += 1
    counting = to.weight[who] > 0
    after = np.where(counting, np.rint(WHOLE * float(discount) ** -to.heard[who].astype(float)), 0).astype(np.int64)
    changed, lost = np.append(who, row), np.append(to.weight[who] - after, to.weight[row])
    to.weight[who], to.weight[row] = after, 0
    np.subtract.at(to.votes, to.near[changed].ravel(), np.repeat(lost, to.near.shape[1]))


def opened(view: View, ordered: Ordered, neighbours: int, discount: float, rng: Rng) -> tuple[Ballot, int]:
    """The vote of labelled examples and pool together, the labelled ones elected; how many of these stand in front."""
    x = embeddings(view.student, ordered.pool)
    known = held_embeddings(view.student, view.lessons, x.shape[1])
    to = ballot(like(np.concatenate([known, x]), neighbours, rng).rows)
    for row in range(len(known)):
        elect(to, row, discount)
    return to, len(known)


def told(to: Ballot, held: int, picks: list[int], at_pick: list[int]) -> Array:
    """(pool,) votes as a score."""
    scores = to.votes[held:] / WHOLE
    scores[picks] = np.array(at_pick) / WHOLE
    return scores


@method
class FastVoteK:
    """Asks nothing of the student but its embedding; `vote_k` also looks at what the student is sure of."""

    neighbours: Annotated[int, Field(ge=1)] = 150
    discount: Annotated[float, Field(ge=1)] = 10.0

    needs: ClassVar[Kinds] = frozenset({CanEmbed})

    def costs(self, size: Size) -> Cost:
        return graph(size, self.neighbours)

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if n <= 0 or n >= len(view.pool):
            return at_random(view.pool, n, rng)
        ordered = in_table_order(view.pool)
        to, held = opened(view, ordered, self.neighbours, self.discount, rng)
        free = np.ones(len(ordered.pool), dtype=bool)
        picks: list[int] = []
        heard: list[int] = []
        while len(picks) < n:
            row = best(np.where(free, to.votes[held:], -1), rng)
            picks.append(row)
            heard.append(int(to.votes[held + row]))
            free[row] = False
            elect(to, held + row, self.discount)
        return placed(ordered, picks, told(to, held, picks, heard))
