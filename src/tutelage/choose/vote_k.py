"""Choose examples that stand for many others, spread over all degrees of the student's confidence but the highest.

Before any label is held this is `fast_vote_k`. Afterwards the pool is sorted by the student's confidence max_c p_c,
the `sure` share that it is most confident of is left out, and the rest is cut into n buckets of equal size. From each
bucket, least confident first, the example of the most votes is chosen; votes are those of `fast_vote_k`, the labelled
ones counting as chosen. Score of an example: its votes when it was chosen, and at the end for the others.

Source: Su et al. (2023), Selective annotation makes language models better few-shot learners, section 2.1: a tenth of
the budget by votes, then, with the model taught these, one from each bucket of the nine least confident tenths. A
first round of a tenth of the budget and a second of the rest make the whole method.
Neutral limit: no label held is `fast_vote_k`, exactly; so is a request for one example with sure = 0.

>>> from tutelage.toys import stream, view            # labelled: c; two buckets, the student is least sure of d
>>> later = view(taught=[2])
>>> chosen = VoteK(neighbours=2).choose(later, 2, stream(0, "choose"))
>>> later.pool.take(chosen.rows).ids()[0] in "bde"
True
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.choose.fast_vote_k import FastVoteK, elect, opened, told
from tutelage.core.data import Floats, Ints, Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, CanWeigh, Chosen, View
from tutelage.kit.ask import weigh
from tutelage.kit.cost import Cost, Size, graph, in_turn, weighing
from tutelage.kit.info import top
from tutelage.kit.lessons import held_count
from tutelage.kit.ranking import at_random, best, in_table_order, placed


def buckets(confidence: Floats, n: int, sure: float, rng: Rng) -> list[Ints]:
    """N buckets of about equal size, least confident first, without the most confident; equals in random order."""
    order = np.lexsort((rng.random(len(confidence)), confidence))
    kept = max(math.ceil((1 - sure) * len(order) - 1e-9), n)  # every bucket holds at least one
    return [np.asarray(part, dtype=np.int64) for part in np.array_split(order[:kept], n)]


@method
class VoteK:
    """One round by votes, one by votes and confidence; later rounds are like the second."""

    neighbours: Annotated[int, Field(ge=1)] = 150
    discount: Annotated[float, Field(ge=1)] = 10.0
    sure: Annotated[float, Field(ge=0, lt=1)] = 0.1  # share of the pool that is too certain to be worth a label

    needs: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed})

    def costs(self, size: Size) -> Cost:
        return in_turn(weighing(size), graph(size, self.neighbours))

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if n <= 0 or n >= len(view.pool):
            return at_random(view.pool, n, rng)
        ordered = in_table_order(view.pool)
        confidence = weigh(view.student, ordered.pool, lambda batch, probs: top(probs))  # first: nonsense is refused
        if not held_count(view.lessons):
            return FastVoteK(neighbours=self.neighbours, discount=self.discount).choose(view, n, rng)
        to, held = opened(view, ordered, self.neighbours, self.discount, rng)
        picks: list[int] = []
        heard: list[int] = []
        for bucket in buckets(confidence, n, self.sure, rng):
            row = int(bucket[best(to.votes[held + bucket], rng)])
            picks.append(row)
            heard.append(int(to.votes[held + row]))
            elect(to, held + row, self.discount)
        return placed(ordered, picks, told(to, held, picks, heard))
