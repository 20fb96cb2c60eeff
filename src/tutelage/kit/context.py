"""What a recall lays beside a question: the column `context`, alternatives of worked examples for each row.

An alternative is a list of texts, question and answer by turns, in the order in which they are to be read. A student
that is given several alternatives answers with the mean of what it would answer to each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import pyarrow as pa

from tutelage.core.data import Pool
from tutelage.core.digest import digest
from tutelage.core.errors import ContractBroken

COLUMN = "context"
TYPE = pa.large_list(pa.large_list(pa.large_string()))
Shots: TypeAlias = Sequence[tuple[str, str]]  # (question, answer), the last is read last


def with_context(pool: Pool, shots: Sequence[Sequence[Shots]]) -> Pool:
    """The same rows with their alternatives (n, any number) as the column `context`; whatever stood there goes.

    >>> from tutelage.core.data import Table
    >>> pool = Table.of("sums", {"text": ["2 + 2", "3 + 4"]}).pool()
    >>> held = with_context(pool, [[[("1 + 1", "2")]], []])
    >>> held.column("context").to_pylist(), contexts(held)
    ([[['1 + 1', '2']], []], [((('1 + 1', '2'),),), ((),)])
    """
    if len(shots) != len(pool):
        raise ContractBroken(f"{len(shots)} contexts for {len(pool)} rows")
    told = [[[text for pair in one for text in pair] for one in alternatives] for alternatives in shots]
    columns = pa.table({name: pool.column(name) for name in pool.table.columns.column_names if name != COLUMN})
    columns = columns.append_column(COLUMN, pa.array(told, type=TYPE))
    print_ = digest(pool.table.fingerprint, pool.numbers, COLUMN, told)
    return replace(pool.table, columns=columns, fingerprint=print_).pool().with_labels(pool.labels)


def contexts(pool: Pool) -> list[tuple[tuple[tuple[str, str], ...], ...]]:
    """Each row's alternatives, at least one: a row without any has the empty one."""
    if COLUMN not in pool.table.columns.column_names:
        return [((),)] * len(pool)
    told = pool.column(COLUMN).to_pylist()
    return [tuple(_pairs(one) for one in row or [[]]) for row in told]


def _pairs(texts: list[str]) -> tuple[tuple[str, str], ...]:
    return tuple(zip(texts[::2], texts[1::2], strict=True))
