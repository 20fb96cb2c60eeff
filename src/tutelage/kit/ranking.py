"""Taking the best n with fair ties, whatever the order in which a pool is handed over.

Luck is dealt in the order of the table's rows, so a shuffled pool gets the same choice, ties included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Array, Ints, Pool, Rng
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import Chosen


class Ordered(NamedTuple):
    """A pool in the order of its table, and where each of its rows stood before."""

    pool: Pool
    places: Ints


def in_table_order(pool: Pool) -> Ordered:
    """The same rows, sorted by row number; nothing is copied when they already are."""
    if bool((pool.numbers[1:] > pool.numbers[:-1]).all()):
        return Ordered(pool, np.arange(len(pool), dtype=np.int64))
    places = np.argsort(pool.numbers, kind="stable")
    return Ordered(pool.take(places), places)


def placed(ordered: Ordered, picks: Ints | Sequence[int], scores: Array | None = None) -> Chosen:
    """What was picked and scored in table order, said in the positions of the pool as it was given."""
    back = np.full(len(ordered.places), np.nan)
    if scores is not None:
        back[ordered.places] = scores
    return Chosen(ordered.places[np.asarray(picks, dtype=np.int64)], back)


def within(pool: Pool, shown: Ints, inner: Chosen) -> Chosen:
    """What was chosen from `pool.take(shown)`, said in the positions of the pool; NaN for rows that were not shown."""
    scores = np.full(len(pool), np.nan)
    scores[shown] = inner.scores
    return Chosen(shown[inner.rows], scores, inner.memory)


def top_n(pool: Pool, scores: Array, n: int, rng: Rng) -> Chosen:
    """The n rows of highest score, best first, equal scores in random order; all rows when there are fewer than n.

    Raises ContractBroken for scores that are not one number a row.
    """
    if scores.shape != (len(pool),) or bool(np.isnan(scores).any()):
        raise ContractBroken(f"ranking needs one number for each of {len(pool)} rows; got {scores.shape}, NaN included")
    luck = np.empty(len(pool))
    luck[in_table_order(pool).places] = rng.random(len(pool))
    rows = leading(scores, luck, min(max(n, 0), len(pool)))
    rows = rows[np.lexsort((luck[rows], -scores[rows]))]
    return Chosen(rows, np.asarray(scores, dtype=np.float64))


def leading(scores: Array, luck: Array, n: int) -> Ints:
    """The n best in no order: all above the n-th value, and of those equal to it the ones of least luck number."""
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    cut = np.partition(scores, len(scores) - n)[len(scores) - n]
    above, level = np.flatnonzero(scores > cut), np.flatnonzero(scores == cut)
    lucky = level[np.argsort(luck[level], kind="stable")[: n - len(above)]]
    return np.concatenate([above, lucky])


def at_random(pool: Pool, n: int, rng: Rng) -> Chosen:
    """N rows, every set of n equally likely; nothing is scored."""
    ordered = in_table_order(pool)
    return placed(ordered, rng.permutation(len(pool))[: max(n, 0)])


def filled(picks: Sequence[int], n: int, size: int, rng: Rng) -> Ints:
    """The picks, and where they are fewer than n, others of range(size) drawn at random behind them."""
    rest = np.setdiff1d(np.arange(size), np.asarray(picks, dtype=np.int64))
    more = rng.permutation(rest)[: max(n - len(picks), 0)]
    return np.concatenate([np.asarray(picks, dtype=np.int64), more])[:n]


def best(scores: Array, rng: Rng) -> int:
    """The row of the highest score; one of them at random when several share it."""
    equal = np.flatnonzero(scores == scores.max())
    return int(equal[0] if len(equal) == 1 else rng.choice(equal))


def draw(mass: Array, rng: Rng) -> int | None:
    """One row with probability proportional to its mass, never one without mass; None when there is none at all."""
    total = np.cumsum(mass, dtype=np.float64)
    if len(total) == 0 or total[-1] <= 0:
        return None
    row = int(np.searchsorted(total, rng.random() * total[-1], side="right"))
    return row if row < len(total) else int(np.flatnonzero(mass)[-1])
