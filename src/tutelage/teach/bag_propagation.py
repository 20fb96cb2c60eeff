"""Works out who in each bag is what from the bags' counts and from who resembles whom, by belief propagation.

    P(y) ~ exp( - bag_weight/2 sum_B sum_c (n_Bc - S_Bc)^2  -  near_weight sum_(i,j) k_ij [y_i != y_j] )
    lesson(x) = P(y_x),    k_ij = exp(-|e_i - e_j| / median length of an edge)

n_Bc is how many rows of bag B have class c, S_Bc what was counted; with two classes the first term is the paper's
bag_weight (sum y - S)^2. The pairs (i, j) are the `neighbours` nearest of each row by the student's embeddings e, each
pair once. The paper's kernel is not scaled; on standardised columns it is close to 0 everywhere, hence the median.

factor: count   one factor a bag for each class (two classes: one), with exact messages: O(b^2) a bag and sweep
        pairs   one factor for each pair of a bag: the same energy, the plain form. It has so many short loops that it
                oscillates at the usual weights; look at the fact `misfit` (0: every bag adds up) before believing it
`graph: random` joins as many rows at random, all with k_ij = exp(-1): what a graph that knows nothing makes of it.

The Share lessons about the bags are handed on, too; a learner that takes none, such as `refit`, needs `shares: false`.
Then the price of a bag stands in the lessons of its rows, in equal parts.

Source: Havaldar, Sharma, Sareen, Shanmugam and Raghuveer (2024), Learning from label proportions: bootstrapping
supervised learners via belief propagation, ICLR, arXiv 2310.08056, its first step and energy.
Neutral limit: bags of size one give the labels (`oracle`); near_weight 0 gives every row its bag's shares (`bag_mean`)
for two classes, as bag_weight grows.

>>> import numpy as np
>>> from tutelage.core.answers import Sealed
>>> from tutelage.core.data import Rows, Table
>>> from tutelage.toys import CODES, POINTS, stream, till, view
>>> table = Table.of("wards", {"vector": POINTS, "group": ["a", "b", "a", "a", "b", "b"]}, ["left", "right"])
>>> seen, sealed = view(table.pool()), Sealed(table, CODES).through(till({"shares": 2}))
>>> asked = Rows(table.pool(), np.arange(6))
>>> taught = BagPropagation(neighbours=2, near_weight=4).teach(asked, seen, sealed, stream(0, "teach"))
>>> [row + 1 for row in taught.lessons[0].about.rows.tolist()]     # bag a, with one right, and bag b, with two
[1, 3, 4, 2, 5, 6]
>>> [round(p, 2) for p in taught.lessons[0].given["probs"][:, 1].tolist()]
[0.3, 0.33, 0.37, 0.37, 0.8, 0.82]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Block, Floats, Floats32, Kinds, Rng, Rows, Share, Soft
from tutelage.core.errors import ContractBroken, Fault, Refused
from tutelage.core.ledger import price
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import Answers, CanEmbed, Taught, View
from tutelage.kit.ask import embeddings
from tutelage.kit.bags import Counted, counted, misfit
from tutelage.kit.neighbours import nearest
from tutelage.kit.nested import kept, taught_by
from tutelage.kit.propagation import Bags, Beliefs, Edges, joined, pairs_in, propagate, pulls
from tutelage.teach.bag_counts import BagCounts

MOST_PAIRS = 50_000_000  # 2.4 GB of messages; beyond it the plain form is refused


@method
class BagPropagation:
    """of: who counts. bag_weight, near_weight: in nats. hard: lessons of 0 and 1, as the paper has them."""

    of: Annotated[Any, part("teach")] = BagCounts()
    factor: Literal["count", "pairs"] = "count"
    bag_weight: Annotated[float, Field(gt=0, le=1e6)] = 10.0
    near_weight: Annotated[float, Field(ge=0, le=100)] = 1.0
    neighbours: Annotated[int, Field(ge=1)] = 5
    graph: Literal["near", "random"] = "near"
    sweeps: Annotated[int, Field(ge=1)] = 100
    damping: Annotated[float, Field(ge=0, lt=1)] = 0.5
    hard: bool = False
    shares: bool = True

    @property
    def gives(self) -> Kinds:
        """Soft lessons, and those about the bags unless they are to be kept back."""
        return frozenset({Soft, Share}) if self.shares else frozenset({Soft})

    @property
    def needs(self) -> Kinds:
        """Embeddings, and what the teacher of the bags needs."""
        return frozenset({CanEmbed, *self.of.needs})

    @property
    def spends(self) -> frozenset[str]:
        """What the teacher of the bags charges."""
        return frozenset(self.of.spends)

    @property
    def per_row(self) -> Mapping[str, float]:
        """What the teacher of the bags asks for one."""
        return {unit: price(self.of, unit) for unit in self.of.spends}

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """A Soft lesson per row, then the bags' own. Facts: `misfit` of the beliefs, `misfit_hard` of the likeliest
        classes, `sweeps` made and the largest `change` of the last.
        """
        taught = taught_by(self.of, "of", asked, view, answers, rng)
        blocks = [block for block in taught.lessons if block.kind is Share]
        if not blocks:
            return Taught((), taught.facts, kept(of=taught.memory))
        if len(blocks) > 1:
            raise ContractBroken(f"bags are told in one block, {type(self.of).__name__} gave {len(blocks)}")
        bags = counted(blocks[0])
        found = self._believed(bags, embeddings(view.student, bags.pool) if self.near_weight else None, rng)
        sure = np.eye(found.probs.shape[1])[found.probs.argmax(axis=1)]
        facts = {**taught.facts, "misfit": misfit(found.probs, bags), "misfit_hard": misfit(sure, bags),
                 "sweeps": float(found.sweeps), "change": found.change}  # fmt: skip
        lessons = self._lessons(blocks[0], bags, sure if self.hard else found.probs)
        return Taught(lessons, facts, kept(of=taught.memory))

    def _believed(self, bags: Counted, vectors: Floats32 | None, rng: Rng) -> Beliefs:
        """Marginals of every row of every bag."""
        rows, classes = len(bags.pool), bags.counts.shape[1]
        none = np.zeros(0, dtype=np.int64)
        edges = Edges(none, none, np.zeros(0)) if vectors is None else self._edges(vectors, rng)
        held, unary = Bags(bags.starts, bags.counts, self.bag_weight), np.zeros((rows, classes))
        if self.factor == "count":
            return propagate(unary, edges, held, self.sweeps, self.damping)
        pairs = int((bags.sizes * (bags.sizes - 1) // 2).sum())
        if pairs > MOST_PAIRS:
            what = f"{pairs:,} pairs share a bag, and at most {MOST_PAIRS:,} are held"
            raise Refused(Fault("teach.factor", what, "factor: count needs no pairs"))
        both = [np.concatenate(ends) for ends in zip(edges, pairs_in(held), strict=True)]
        return propagate(pulls(held), joined(both[0], both[1], both[2], rows, True), None, self.sweeps, self.damping)

    def _edges(self, vectors: Floats32, rng: Rng) -> Edges:
        """Who is joined to whom, each pair once, with near_weight k_ij."""
        near, away = nearest(vectors, self.neighbours)
        if self.graph == "random":
            near, away = rng.integers(0, len(vectors), near.shape), np.ones_like(away)
        one = np.repeat(np.arange(len(near)), near.shape[1])
        length: Floats = away.ravel().astype(np.float64)
        usual = float(np.median(length[length > 0])) if (length > 0).any() else 1.0
        return joined(one, near.ravel(), self.near_weight * np.exp(-length / usual), len(vectors), False)

    def _lessons(self, block: Block, bags: Counted, probs: Floats) -> tuple[Block, ...]:
        """Soft lessons about the rows; the bags carry the price where they are handed on, the rows otherwise."""
        price = (block.cost / bags.sizes)[bags.bag]
        cost = np.zeros(len(price)) if self.shares else price
        given = {"probs": probs.astype(np.float32)}
        about = Rows(block.about.pool, block.about.rows)
        soft = Block(about, None, Soft, given, "bag_propagation", cost, np.ones(len(price)))
        return (soft, block._replace(source="bag_propagation")) if self.shares else (soft,)
