"""Several students from one: fits of resampled lessons, for a student that has no luck of its own to sample from."""

from __future__ import annotations

from typing import Any

import numpy as np

from tutelage.core.data import Array, Lessons, Pool, Rng
from tutelage.core.stages import CanFit, Student, able
from tutelage.kit.ask import probabilities


def resampled_fits(student: Any, lessons: Lessons, members: int, rng: Rng) -> tuple[Student, ...]:
    """`members` students, each fitted to as many lessons as there are, drawn with replacement (Efron, 1979).

    A lesson drawn twice has twice its weight, one not drawn has weight 0; lessons of weight 0 are never drawn.
    """
    fitted = able(student, CanFit)
    present = [block for block in lessons if (block.weight > 0).any()]
    held = np.concatenate([block.weight > 0 for block in present]) if present else np.zeros(0, dtype=bool)
    made = []
    for _ in range(members):
        times = np.zeros(len(held))
        count = int(held.sum())
        times[held] = rng.multinomial(count, np.full(count, 1 / count)) if count else 0
        drawn, start = [], 0
        for block in present:
            drawn.append(block._replace(weight=block.weight * times[start : start + block.size]))
            start += block.size
        made.append(fitted.fit(tuple(drawn), rng))
    return tuple(made)


def opinions(students: tuple[Student, ...], pool: Pool) -> Array:
    """(members, n, C) the probabilities of each; all of them know the same labels."""
    return np.stack([probabilities(student, pool) for student in students])
