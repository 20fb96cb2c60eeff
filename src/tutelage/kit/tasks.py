"""Which task each lesson or each row is of: what the column `task` of its table says."""

from __future__ import annotations

import numpy as np

from tutelage.core.data import Block, Pool

COLUMN = "task"


def tasks_in(pool: Pool) -> list[str] | None:
    """(n,) the task of every row; None where the table has no such column.

    >>> from tutelage.toys import POOL
    >>> tasks_in(POOL) is None
    True
    """
    if COLUMN not in pool.table.columns.column_names:
        return None
    return [str(task) for task in pool.column(COLUMN).to_pylist()]


def tasks_of(block: Block, otherwise: str) -> list[str]:
    """(b,) the task of each lesson, of several rows that of the first; `otherwise` where the table names none."""
    if COLUMN not in block.about.pool.table.columns.column_names:
        return [otherwise] * block.size
    firsts = np.arange(block.size) if block.about.starts is None else block.about.starts[:-1]
    return tasks_in(block.about.pool.take(block.about.rows[firsts])) or []
