"""Let another method choose from a random part of the pool: for pools that are too large to score whole.

At most `most` rows, every set of them equally likely, are shown to the chooser `of`; never fewer than are asked for.
The rest has no score. A new part is drawn every time.

Source: Settles (2009), section 6.2, on subsampling the pool before it is scored; Ash, Zhang, Krishnamurthy, Langford,
Agarwal (2020) do the same for the largest of their data.
Neutral limit: most = the size of the pool is `of`, exactly; most = n is `uniform`, as a set.

>>> from tutelage.toys import stream, view            # six points, a student that knows two classes
>>> chosen = Sampled(most=3).choose(view(), 1, stream(0, "choose"))
>>> len(chosen.rows), int((chosen.scores == chosen.scores).sum())      # one chosen, three scored
(1, 3)
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from tutelage.choose.margin import Margin
from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import Chosen, View
from tutelage.kit.cost import Cost, Size, cost_of
from tutelage.kit.ranking import in_table_order, within


@method
class Sampled:
    """What `of` keeps between rounds it gets back; it must not rely on seeing the same rows."""

    of: Annotated[Any, part("choose")] = Margin()
    most: Annotated[int, Field(ge=1)] = 10_000

    @property
    def needs(self) -> Kinds:
        """What `of` needs."""
        needs: Kinds = self.of.needs
        return needs

    def costs(self, size: Size) -> Cost:
        return cost_of(self.of, size._replace(pool=min(size.pool, max(self.most, size.asked))))

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        size = max(self.most, n)
        if size >= len(view.pool):
            whole: Chosen = self.of.choose(view, n, rng)
            return whole
        places = in_table_order(view.pool).places
        shown = places[np.sort(rng.choice(len(places), size, replace=False))]
        inner: Chosen = self.of.choose(view._replace(pool=view.pool.take(shown)), n, rng)
        return within(view.pool, shown, inner)
