"""Greedy choice of a set under a submodular gain, evaluating few candidates: the same set as evaluating them all.

A gain only falls as the set grows, so what a candidate gained earlier bounds what it gains now. Once the best gain
just evaluated lies above every other bound it is the best of all. Equal gains: each candidate has a place in a
shuffled order, and the earlier one wins.

Source: Minoux (1978), the accelerated greedy algorithm; known as CELF since Leskovec et al. (2007).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Array, Floats, Ints, Rng
from tutelage.kit.ranking import leading

FIRST, MOST = 8, 256  # candidates evaluated together: so many at first, twice as many at each further try, at most


class Taken(NamedTuple):
    """The candidates in the order in which they were taken, and what each gained at that moment."""

    rows: Ints
    gains: Floats


def lazy_greedy(
    gains: Array, n: int, evaluate: Callable[[Ints], Array], take: Callable[[int], None], rng: Rng
) -> Taken:
    """At most n candidates, each of the largest gain given those before it; ends early when nothing gains any more.

    gains (m,): of each candidate alone. evaluate(rows): their gains beside what has been taken. take(row) is told of
    every choice before the next evaluation.
    """
    bounds = np.array(gains, dtype=np.float64)
    luck = rng.permutation(len(bounds))
    fresh = np.ones(len(bounds), dtype=bool)
    rows: list[int] = []
    earned: list[float] = []
    while len(rows) < min(n, len(bounds)):
        row = _first(bounds, luck, fresh, evaluate)
        if bounds[row] <= 0:
            break
        rows.append(row)
        earned.append(float(bounds[row]))
        take(row)
        bounds[row] = -np.inf
        fresh[:] = False
    return Taken(np.array(rows, dtype=np.int64), np.array(earned))


def _first(bounds: Floats, luck: Ints, fresh: Array, evaluate: Callable[[Ints], Array]) -> int:
    """The candidate of the largest gain; brings bounds up to date as far as that is in doubt."""
    size = FIRST
    while True:
        top = np.flatnonzero(bounds == bounds.max())
        row = int(top[luck[top].argmin()])
        if fresh[row] or bounds[row] <= 0:
            return row
        rows = leading(np.where(fresh, -np.inf, bounds), luck, min(size, len(bounds)))
        rows = rows[~fresh[rows] & (bounds[rows] > 0)]
        bounds[rows] = evaluate(rows)
        fresh[rows] = True
        size = min(2 * size, MOST)
