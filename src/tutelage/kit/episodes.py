"""A pool that comes in episodes: a column says which rows belong to which, in order of first appearance."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from tutelage.core.data import Ints, Pool
from tutelage.core.errors import ContractBroken
from tutelage.kit.cells import is_string

COLUMN = "episode"


def episodes(pool: Pool) -> tuple[Ints, ...]:
    """Row numbers of the table, one array an episode; () for a pool without episodes.

    An episode comes where its first row stands in the pool, its rows in the pool's order. ContractBroken for a row
    that belongs to none.

    >>> from tutelage.core.data import Table
    >>> columns = {"vector": np.zeros((4, 1)), "episode": ["b", "a", "b", "a"]}
    >>> [rows.tolist() for rows in episodes(Table.of("two", columns, ["x"]).pool())]
    [[0, 2], [1, 3]]
    """
    if COLUMN not in pool.table.columns.column_names:
        return ()
    missing = without_episode(pool)
    if missing:
        raise ContractBroken(f"{missing} of {len(pool)} rows belong to no episode")
    coded = pc.dictionary_encode(pool.column(COLUMN))  # codes in order of first sight
    codes = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(coded.dictionary)))
    return tuple(pool.numbers[rows] for rows in np.split(order, ends[:-1])) if len(codes) else ()


def without_episode(pool: Pool) -> int:
    """How many rows have an empty cell in the column of episodes; 0 where there is no such column."""
    if COLUMN not in pool.table.columns.column_names:
        return 0
    column = pool.column(COLUMN)
    empty = pc.is_null(column)
    if is_string(column.type):
        empty = pc.or_(empty, pc.equal(pc.fill_null(column, ""), ""))
    return int(pc.sum(empty).as_py() or 0)
