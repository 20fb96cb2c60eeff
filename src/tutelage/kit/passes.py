"""pass@N: the probability that at least one of N answers drawn from a student is right."""

from __future__ import annotations

from typing import Any

import numpy as np

from tutelage.core.data import Floats
from tutelage.core.errors import ContractBroken


def covered(p: Any, n: int) -> Floats:
    """1 - (1 - p)^n, elementwise, where one answer is right with probability p; precise also where p is tiny.

    >>> covered([0.0, 0.5, 1.0], 2).tolist()
    [0.0, 0.75, 1.0]
    """
    p = np.clip(np.asarray(p, dtype=np.float64), 0.0, 1.0)
    with np.errstate(divide="ignore"):  # log of 0 is -inf where p is 1, and exp of that is 0 again
        return np.asarray(-np.expm1(n * np.log1p(-p)))


def pass_at(right: Any, drawn: Any, k: int) -> Floats:
    """1 - C(n - c, k) / C(n, k), elementwise: pass@k without bias from n answers drawn, c of them right; k <= n.

    It is the share of all k-subsets of the answers that hold a right one, as a product of k factors at most 1:
    C(n - c, k) / C(n, k) = prod_{j < k} (n - c - j) / (n - j). Chen et al. (2021, Codex), equation 1.

    >>> pass_at([0, 1, 3], 4, 2).tolist()      # of 6 pairs, 3 hold the one right answer; one wrong answer is no pair
    [0.0, 0.5, 1.0]
    """
    right, drawn = np.broadcast_arrays(np.asarray(right, dtype=np.int64), np.asarray(drawn, dtype=np.int64))
    if ((right < 0) | (right > drawn)).any():
        raise ContractBroken("of n answers from 0 to n are right")
    if k < 1 or (drawn < k).any():
        raise ContractBroken(f"pass@{k} is estimated from at least {max(k, 1)} answers each")
    missed = np.ones(right.shape)
    for gone in range(k):
        missed *= np.maximum(drawn - right - gone, 0) / (drawn - gone)
    return 1.0 - missed
