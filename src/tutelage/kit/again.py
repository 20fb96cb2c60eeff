"""Rows as lessons, each by what stands beside it; and old material once more: how often each row comes."""

from __future__ import annotations

import numpy as np

from tutelage.core.data import Block, Ints, Itself, Lessons, Pool, Rng, Rows, Text
from tutelage.kit.ratings import has_reply, replies


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


def answered_and_read(pool: Pool) -> tuple[Ints, Ints]:
    """The rows with a reply, which are learned as that reply, and all others, which are texts to be read; ascending.

    >>> from tutelage.toys import replies_pool
    >>> pool = replies_pool([("p", None, "a"), ("q", "u", "b"), ("r", "v", "c")])
    >>> [rows.tolist() for rows in answered_and_read(pool)]
    [[1, 2], [0]]
    """
    has = has_reply(pool)
    return np.flatnonzero(has), np.flatnonzero(~has)


def as_lessons(pool: Pool, rows: Ints, source: str) -> Lessons:
    """These rows, free: those with a reply as a block of Text, those without as a block of Itself, each in this order.

    A block that would be empty is left out. A row that comes twice is two lessons.
    """
    rows = np.asarray(rows, dtype=np.int64)
    answered, read = (rows[places] for places in answered_and_read(pool.take(rows)))
    made = []
    if len(answered):
        about, size = Rows(pool, answered), len(answered)
        given = {"text": np.array(replies(about.examples()), dtype=object)}
        made.append(Block(about, None, Text, given, source, np.zeros(size), np.ones(size)))
    if size := len(read):
        made.append(Block(Rows(pool, read), None, Itself, {}, source, np.zeros(size), np.ones(size)))
    return tuple(made)
