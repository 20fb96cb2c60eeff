"""Reveals the stored answer of every example asked about, each look at its price.

    lesson(x) = the true label of x,    cost = the price of one look (1 label unless the data say otherwise)

Source: the labelling oracle of pool-based active learning: Lewis and Gale (1994); Settles (2009), section 2.3.
Neutral limit: none; it is what noisier teachers become when they never err (`noisy` with error 0).

>>> import numpy as np
>>> from tutelage.toys import ANSWERS, POOL, stream, till, view
>>> from tutelage.core.data import Rows
>>> purse = till({"labels": 2})
>>> taught = Oracle().teach(Rows(POOL, np.array([5, 0])), view(), ANSWERS.through(purse), stream(0, "teach"))
>>> [POOL.labels[code] for code in taught.lessons[0].given["label"]], purse.left("labels")
(['right', 'left'], 0.0)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from tutelage.core.answers import price_of
from tutelage.core.data import Kinds, Label, Rng, Rows
from tutelage.core.method import method
from tutelage.core.stages import Answers, Taught, View


@method
class Oracle:
    """part: whose sealed answers are opened; None for those of the pool itself."""

    part: str | None = None

    needs: ClassVar[Kinds] = frozenset()
    gives: ClassVar[Kinds] = frozenset({Label})
    spends: ClassVar[frozenset[str]] = frozenset({"labels"})

    def charges(self, rows: int, answers: Answers) -> Mapping[str, float]:
        """The price of one look for each row."""
        sealed = answers if self.part is None else answers.of(self.part)
        return {"labels": rows * price_of(sealed, "labels")}

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """One Label lesson per row asked about. Raises Spent before the budget would be passed."""
        if asked.size == 0:
            return Taught(())
        sealed = answers if self.part is None else answers.of(self.part)
        return Taught((sealed.reveal(asked, Label),))
