"""Gives every member of a bag the class shares of its bag: the plain way to learn from totals.

    lesson(x) = (S_B1 / b, ..., S_BC / b)    for every row x of bag B,    cost = what the bag cost / b

A student that minimises cross-entropy on these lessons is pulled to its bag's mean everywhere, so what it learns comes
from bags that differ. It is the first step of `learn: match_shares`, which goes on from there.

Source: the proportion-as-label baseline of Quadrianto et al. (2009) and of Havaldar et al. (2024).
Neutral limit: bags of size one: the labels themselves, as `oracle` gives them.

>>> import numpy as np
>>> from tutelage.core.answers import Sealed
>>> from tutelage.core.data import Rows, Table
>>> from tutelage.core.parts import build
>>> from tutelage.toys import CODES, POINTS, stream, till, view
>>> table = Table.of("wards", {"vector": POINTS, "group": ["a", "a", "a", "a", "b", "b"]}, ["left", "right"])
>>> sealed = Sealed(table, CODES).through(till())
>>> taught = BagMean().teach(Rows(table.pool(), np.arange(6)), view(), sealed, stream(0, "teach"))
>>> taught.lessons[0].given["probs"][:, 1].tolist(), taught.lessons[0].cost.tolist()
([0.25, 0.25, 0.25, 0.25, 1.0, 1.0], [0.25, 0.25, 0.25, 0.25, 0.5, 0.5])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np

from tutelage.core.data import Block, Kinds, Rng, Rows, Share, Soft
from tutelage.core.ledger import price
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import Answers, Taught, View
from tutelage.kit.bags import counted
from tutelage.kit.nested import kept, taught_by
from tutelage.teach.bag_counts import BagCounts


@method
class BagMean:
    """of: the teacher that knows the bags."""

    of: Annotated[Any, part("teach")] = BagCounts()

    gives: ClassVar[Kinds] = frozenset({Soft})

    @property
    def needs(self) -> Kinds:
        """What the teacher of the bags needs."""
        return frozenset(self.of.needs)

    @property
    def spends(self) -> frozenset[str]:
        """What the teacher of the bags charges."""
        return frozenset(self.of.spends)

    @property
    def per_row(self) -> Mapping[str, float]:
        """What the teacher of the bags asks for one."""
        return {unit: price(self.of, unit) for unit in self.of.spends}

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """One Soft lesson per row of every bag, at an equal part of the bag's price."""
        taught = taught_by(self.of, "of", asked, view, answers, rng)
        return Taught(
            tuple(_each(block) for block in taught.lessons if block.kind is Share), taught.facts, kept(of=taught.memory)
        )


def _each(block: Block) -> Block:
    """The bag's shares for each of its rows."""
    bags = counted(block)
    given = {"probs": np.asarray(block.given["probs"], dtype=np.float32)[bags.bag]}
    about = Rows(block.about.pool, block.about.rows)
    return Block(about, None, Soft, given, "bag_mean", (block.cost / bags.sizes)[bags.bag], block.weight[bags.bag])
