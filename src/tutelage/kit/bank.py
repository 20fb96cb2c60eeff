"""Lessons as worked examples: which rows have an answer, in the order in which they were taught."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Ints, Pool, Table
from tutelage.core.stages import View
from tutelage.kit.lessons import classes_of
from tutelage.kit.targets import longest


class Bank(NamedTuple):
    """m worked examples in the order in which their lessons came."""

    pools: tuple[Pool, ...]  # together m rows
    tables: tuple[str, ...]  # which table each lesson was about
    numbers: Ints  # (m,) and which row of it
    answers: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def texts(self) -> list[str]:
        return [text for pool in self.pools for text in pool.texts()]


def banked(view: View, part: str = "") -> Bank:
    """What the lessons show. A row that is taught again keeps its place and takes the new label."""
    held: dict[tuple[str, int], tuple[Table, str]] = {}
    within = view.parts[part] if part else None
    for block in view.lessons:
        table, names = block.about.pool.table, block.about.pool.labels
        if within is not None and within.table.fingerprint != table.fingerprint:
            continue
        counted = (block.weight > 0) & (True if within is None else np.isin(block.about.numbers, within.numbers))
        codes, numbers = classes_of(block), block.about.numbers
        for lesson in np.flatnonzero(counted).tolist():
            held[table.fingerprint, int(numbers[lesson])] = (table, names[codes[lesson]])
    labels = longest(block.about.pool.labels for block in view.lessons)
    numbers, tables = np.array([number for _, number in held], dtype=np.int64), [table for table, _ in held.values()]
    pools, done = [], 0
    for _, run in itertools.groupby(tables, key=lambda table: table.fingerprint):  # one pool for a run of one table
        several = list(run)
        pools.append(Pool(several[0], numbers[done : done + len(several)], labels))
        done += len(several)
    return Bank(tuple(pools), tuple(table for table, _ in held), numbers, tuple(a for _, a in held.values()), labels)
