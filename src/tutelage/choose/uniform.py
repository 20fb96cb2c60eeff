"""Choose at random, every example equally likely: the control that every other choice is compared with.

Every set of n examples of the pool has the same probability.

Source: the random baseline of Settles (2009), section 6.1.
Neutral limit: with n no less than the pool this is `everything`, in random order.

>>> from tutelage.toys import stream, view            # six points a .. f
>>> chosen = Uniform().choose(view(), 2, stream(0, "choose"))
>>> len(set(chosen.rows))
2
"""

from __future__ import annotations

from typing import ClassVar

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import Chosen, View
from tutelage.kit.ranking import at_random


@method
class Uniform:
    """Asks nothing of the student."""

    needs: ClassVar[Kinds] = frozenset()

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        return at_random(view.pool, n, rng)
