"""Take the replies of lowest, middle or highest perplexity, over all prompts together.

    log perplexity(y | x) = -1/|y| sum_t log p(y_t | x, y_<t),   p = the student, the end of the reply included

lowest: what the student finds easiest first. highest: what surprises it most. middle: those whose rank is nearest to
the median's, which pruning studies found best. Unlike `grape` this compares replies to different prompts, so it may
drop whole prompts. A reply that does not fit into the student's window comes last. Score: log perplexity.

Source: Marion and others (2023), When less is more: investigating data pruning for pretraining LLMs at scale,
section 3 (perplexity; bottom, middle and top of its distribution).
Neutral limit: a student that finds all replies equally likely makes this `uniform`.

>>> from tutelage.toys import Reader, replies_pool, stream, view
>>> pool = replies_pool([("q", "t", "r1"), ("p", "u", "r2"), ("o", "v", "r3")])
>>> seen = view(pool, Reader({"t": -1.0, "u": -2.0}, other=-9.0))
>>> [pool.take(Perplexity(take=which).choose(seen, 1, stream(0, "choose")).rows).ids()
...  for which in ("lowest", "middle", "highest")]
[['r1'], ['r2'], ['r3']]
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from scipy.stats import rankdata

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import Chosen, View
from tutelage.core.writing import CanRate
from tutelage.kit.ratings import rated, top_known


@method
class Perplexity:
    """take: which end of the distribution, or its middle."""

    take: Literal["lowest", "middle", "highest"] = "middle"

    needs: ClassVar[Kinds] = frozenset({CanRate})

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        loss = rated(view.student, view.pool).loss
        if self.take == "middle":
            ranks = rankdata(loss, nan_policy="omit")
            wanted = -np.abs(ranks - (np.sum(~np.isnan(loss)) + 1) / 2)
        else:
            wanted = loss if self.take == "highest" else -loss
        return top_known(view.pool, wanted, n, rng)._replace(scores=loss)
