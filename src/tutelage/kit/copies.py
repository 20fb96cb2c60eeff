"""A pool in which examples stand several times, almost the same, as in collections that nobody cleaned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Part, Rng, Table
from tutelage.core.errors import ContractBroken, Fault, Refused

NOISE = 0.01  # deviation of a copy, as a share of the pool's own


def repeated(made: Course, most: int, rng: Rng) -> Course:
    """The same course with each row of its pool standing 1 to `most` times, every number equally likely.

    The first of them is the row itself, the others x + 0.01 s g, g standard normal and s the root mean square deviation
    of the pool's columns; they have the row's label. The start is made of rows themselves. 1: as it was. For vectors.

    >>> from tutelage.core.rng import stream
    >>> from tutelage.kit.courses import course
    >>> table = Table.of("two", {"id": ["a", "b"], "vector": np.eye(2, dtype=np.float32)}, ["x", "y"])
    >>> whole = course(table, np.array([0, 1]), None, None, stream(0, "data"))
    >>> repeated(whole, 4, stream(1, "data")).parts["pool"].pool.ids()
    ['a', 'a copy 2', 'a copy 3', 'b']
    """
    if most == 1:
        return made
    pool, sealed = made.parts["pool"]
    if not isinstance(sealed, Sealed):
        raise ContractBroken(f"copies are made of rows whose classes are sealed, not of {type(sealed).__name__}")
    if set(pool.table.columns.column_names) != {"id", "vector"}:
        found = ", ".join(pool.table.columns.column_names)
        raise Refused(Fault("data.copies", f"copies are made of vectors alone, not of {found}", "leave out copies"))
    times = rng.integers(1, most + 1, len(pool))
    rows = np.repeat(np.arange(len(pool)), times)
    number = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)  # 0: the row itself
    points = pool.vectors()
    scale = NOISE * float(np.sqrt(points.var(axis=0, dtype=np.float64).mean()))
    noise = rng.standard_normal((len(rows), points.shape[1])) * (number > 0)[:, None]
    names = pool.ids()
    ids = [names[row] + (f" copy {at + 1}" if at else "") for row, at in zip(rows, number, strict=True)]
    shown = (points[rows] + scale * noise).astype(np.float32)
    table = Table.of(f"{pool.name} with copies", {"id": ids, "vector": shown}, pool.labels)
    part = Part(table.pool(), replace(sealed, table=table, codes=sealed.codes[pool.numbers][rows]))
    note = (
        f"Each of the pool's {len(pool)} rows stands 1 to {most} times, {len(rows)} together; copies differ by noise."
    )
    start = np.flatnonzero(np.isin(rows, made.start) & (number == 0))
    return made._replace(parts={**made.parts, "pool": part}, start=start, notes=(*made.notes, note))
