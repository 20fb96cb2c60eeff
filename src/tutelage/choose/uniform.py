"""Choose at random, every example equally likely: the control that every other choice is compared with.

Every set of n examples of the pool has the same probability. With `keep: m` replies to one prompt (rows of one group)
are drawn among themselves: of every prompt one, then of every prompt a second, at most m; the control for `grape`.

Source: the random baseline of Settles (2009), section 6.1.
Neutral limit: with n no less than the pool this is `everything`, in random order.

>>> from tutelage.toys import stream, view            # six points a .. f
>>> chosen = Uniform().choose(view(), 2, stream(0, "choose"))
>>> len(set(chosen.rows))
2
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import Chosen, View
from tutelage.kit.ranking import at_random
from tutelage.kit.ratings import leading_each


@method
class Uniform:
    """Asks nothing of the student."""

    keep: Annotated[int, Field(ge=1)] | None = None  # rows of one group, at most; None: groups play no part

    needs: ClassVar[Kinds] = frozenset()

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if self.keep is None:
            return at_random(view.pool, n, rng)
        drawn = leading_each(view.pool, np.zeros(len(view.pool)), n, self.keep, rng)
        return drawn._replace(scores=np.full(len(view.pool), np.nan))
