"""Tells how many members of each bag belong to each class, and nothing about any single one; a price per bag.

    lesson(B) = (S_B1 / b, ..., S_BC / b),    S_Bc = how many of the b rows of bag B have class c,    cost = 1 share

A bag is one value of the column `group`. Bags are counted whole: a recipe that asks about a part of one is refused
before anything is paid, because the count of a piece says more than the count of the bag.

Source: learning with label proportions: Quadrianto, Smola, Caetano and Le (2009), Estimating labels from label
proportions; the counting oracle of Havaldar et al. (2024), arXiv 2310.08056.
Neutral limit: bags of size one tell what `oracle` tells, as shares of 0 and 1.

>>> import numpy as np
>>> from tutelage.core.answers import Sealed
>>> from tutelage.core.data import Rows, Table
>>> from tutelage.toys import CODES, POINTS, stream, till, view
>>> table = Table.of("wards", {"vector": POINTS, "group": ["a", "a", "a", "a", "b", "b"]}, ["left", "right"])
>>> purse = till({"shares": 2})
>>> sealed = Sealed(table, CODES).through(purse)
>>> taught = BagCounts().teach(Rows(table.pool(), np.arange(6)), view(), sealed, stream(0, "teach"))
>>> taught.lessons[0].given["probs"].tolist(), purse.left("shares")
([[0.75, 0.25], [0.0, 1.0]], 0.0)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from tutelage.core.data import Kinds, Rng, Rows, Share
from tutelage.core.method import method
from tutelage.core.stages import Answers, Taught, View
from tutelage.kit.bags import bags_of, counted, spread_of_shares


@method
class BagCounts:
    """part: whose sealed answers are counted; None for those of the pool itself."""

    part: str | None = None

    needs: ClassVar[Kinds] = frozenset()
    gives: ClassVar[Kinds] = frozenset({Share})
    spends: ClassVar[frozenset[str]] = frozenset({"shares"})
    per_row: ClassVar[Mapping[str, float]] = {"shares": 0.0}  # a bag is paid for, whatever its size

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """One Share lesson per bag; facts: how many bags, their mean size and how much their shares differ."""
        if asked.size == 0:
            return Taught(())
        bags = bags_of(asked, "bag_counts")
        sealed = answers if self.part is None else answers.of(self.part)
        block = sealed.reveal(bags, Share)._replace(source="bag_counts")
        known = counted(block)
        facts = {"bags": float(block.size), "bag_size": float(known.sizes.mean()), "spread": spread_of_shares(known)}
        return Taught((block,), facts)
