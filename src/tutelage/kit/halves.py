"""The rows of a pool in two parts without a row in common: `gold`, for whoever is taught the truth, and the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Part, Rng
from tutelage.core.errors import ContractBroken, Fault, Refused


def halved(made: Course, share: float | None, from_gold: bool, rng: Rng) -> Course:
    """The same course with round(share n) random rows of its pool in a part of their own, called `gold`.

    Each part's answers hold those of its rows alone. None: as it was. from_gold: those rows are the pool, and the
    others are not there at all. Refused where a part would be empty, where rows come in groups, and together
    with a class-balanced start.

    >>> from tutelage.core.data import Table
    >>> from tutelage.core.rng import stream
    >>> from tutelage.kit.courses import course
    >>> table = Table.of("four", {"text": ["a", "b", "c", "d"]}, ["x", "y"])
    >>> made = halved(course(table, np.array([0, 0, 0, 1]), None, None, stream(0, "data")), 0.25, False, stream(0, "h"))
    >>> {name: len(part.pool) for name, part in made.parts.items()}
    {'pool': 3, 'gold': 1}
    """
    if share is None:
        if from_gold:
            raise Refused(Fault("data.from_gold", "there is no part `gold` to learn from", "say gold: 0.5 as well"))
        return made
    pool, sealed = made.parts["pool"]
    if not isinstance(sealed, Sealed):
        raise ContractBroken(f"parts are made of rows whose labels are sealed, not of {type(sealed).__name__}")
    if "group" in pool.table.columns.column_names:
        raise Refused(Fault("data.gold", "a part of random rows would tear groups apart", "leave out bags, or gold"))
    if len(made.start):
        what = "the rows of a class-balanced start cannot be divided between two parts"
        raise Refused(Fault("data.gold", what, "leave out start_per_class, or gold"))
    count = round(share * len(pool))
    if not 0 < count < len(pool):
        what = f"gold: {share:g} of {len(pool)} rows leaves one part without rows"
        raise Refused(Fault("data.gold", what, "a share between 0 and 1 that leaves rows on both sides"))
    order = rng.permutation(len(pool))
    parts = {}
    for name, rows in (("pool", np.sort(order[count:])), ("gold", np.sort(order[:count]))):
        some = pool.take(rows)
        codes = np.full(len(sealed.codes), -1, dtype=np.int64)
        codes[some.numbers] = sealed.codes[some.numbers]
        parts[name] = Part(some, replace(sealed, codes=codes))
    note = f"{count} random rows of the pool are the part `gold`" + (", and the pool." if from_gold else ".")
    parts = {"pool": parts["gold"]} if from_gold else parts
    return made._replace(parts=parts, notes=(*made.notes, note))
