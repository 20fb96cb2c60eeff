"""Old material as lessons once more: how often each row comes, and what is learned from it."""

from __future__ import annotations

import numpy as np

from tutelage.core.data import Block, Ints, Itself, Pool, Rng, Rows, Text
from tutelage.kit.ratings import COLUMN, replies


def beside(share: float, new: float) -> float:
    """So many old lessons that they are this share of all, beside so many new ones; a whole number."""
    return float(round(share / (1 - share) * new))


def spread(total: int, count: int, rng: Rng) -> Ints:
    """`count` numbers below `total`, ascending; each comes once before any comes twice, and luck takes the rest.

    >>> from tutelage.core.rng import stream
    >>> np.bincount(spread(3, 7, stream(0, "retain"))).tolist()
    [2, 3, 2]
    """
    times, rest = divmod(count, total)
    return np.sort(np.concatenate([np.repeat(np.arange(total), times), rng.permutation(total)[:rest]]))


def as_lessons(pool: Pool, rows: Ints, source: str) -> Block:
    """These rows, free: each the reply that stands in its column `reply`, or where there is none a text to be read."""
    about, size = Rows(pool, rows), len(rows)
    has = COLUMN in pool.table.columns.column_names
    given = {"text": np.array(replies(about.examples()), dtype=object)} if has else {}
    return Block(about, None, Text if has else Itself, given, source, np.zeros(size), np.ones(size))
