"""Which few examples stand for many: those whose mean comes nearest to the mean of all, one after the other.

    p_k = argmin_x | m - (x + p_1 + ... + p_(k-1)) / k |,    m the mean of all x, every x of length 1

so that the first k of them are a good choice for any k: a memory that has to shrink drops the last ones.

Source: Rebuffi, Kolesnikov, Sperl and Lampert (2017), iCaRL, algorithm 4; Welling (2009), Herding dynamical weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tutelage.core.data import Floats, Floats32


def herded(vectors: Floats32, count: int) -> Floats:
    """(n,) the rank of each vector, 0 for the first, infinite beyond `count`; of equally good ones the first in order.

    A vector of length 0 stays 0. In double precision, one product with all vectors for each that is picked.

    >>> herded(np.array([[1.0, 0], [0, 2], [1, 1]], dtype=np.float32), 2).tolist()
    [1.0, inf, 0.0]
    """
    x = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    x = x / np.where(lengths > 0, lengths, 1.0)
    ranks = np.full(len(x), np.inf)
    mean, sums, own = x.mean(axis=0) if len(x) else x.sum(axis=0), np.zeros(x.shape[1]), (x**2).sum(axis=1)
    for rank in range(min(count, len(x))):
        # |(rank + 1) m - sums - x|^2 less what does not depend on x
        away: Any = own - 2 * (x @ ((rank + 1) * mean - sums))
        picked = int(np.where(np.isinf(ranks), away, np.inf).argmin())
        ranks[picked] = rank
        sums += x[picked]
    return ranks
