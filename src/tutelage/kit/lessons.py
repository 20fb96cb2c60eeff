"""What has been taught so far: the examples whose label is held, and their embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np

from tutelage.core.data import Block, Floats32, Ints, Label, Lessons, Pool, Soft
from tutelage.core.errors import ContractBroken
from tutelage.kit.ask import embeddings


def held(lessons: Lessons) -> tuple[Pool, ...]:
    """The examples that carry a Label of positive weight, one pool a table, each example once, in table order."""
    pools: dict[str, Pool] = {}
    for block in lessons:
        if block.kind is not Label:
            continue
        mine = block.about.pool.take(_weighted(block))
        other = pools.get(mine.table.fingerprint)
        numbers = mine.numbers if other is None else np.concatenate([other.numbers, mine.numbers])
        pools[mine.table.fingerprint] = Pool(mine.table, np.unique(numbers), mine.labels)
    return tuple(pool for pool in pools.values() if len(pool))


def alive(lessons: Lessons) -> int:
    """How many lessons are of positive weight, of any kind; those of weight 0 are absent."""
    return sum(int((block.weight > 0).sum()) for block in lessons)


def held_count(lessons: Lessons) -> int:
    """How many examples carry a label; one labelled twice counts once."""
    return sum(len(pool) for pool in held(lessons))


def held_embeddings(student: Any, lessons: Lessons, width: int) -> Floats32:
    """(m, width) the embeddings of the examples whose label is held, stacked."""
    found = [embeddings(student, pool) for pool in held(lessons)]
    return np.concatenate([np.zeros((0, width), dtype=np.float32), *found])


def classes_of(block: Block) -> Ints:
    """(b,) the class that each lesson is about; of a distribution the most probable, of equals the first."""
    if block.kind is Label:
        return np.asarray(block.given["label"], dtype=np.int64)
    if block.kind is Soft:
        return np.asarray(block.given["probs"].argmax(axis=1), dtype=np.int64)
    raise ContractBroken(f"a class is known of Label and Soft lessons, not of {block.kind.__name__}")


def classes_held(lessons: Lessons) -> int:
    """How many classes the Label and Soft lessons of positive weight are about."""
    blocks = [block for block in lessons if block.kind in (Label, Soft)]
    return len({int(code) for block in blocks for code in np.unique(classes_of(block)[block.weight > 0])})


def _weighted(block: Block) -> Ints:
    """Positions of the rows that lessons of positive weight are about."""
    counted = block.weight > 0
    if block.about.starts is not None:
        counted = np.repeat(counted, np.diff(block.about.starts))
    return np.asarray(block.about.rows, dtype=np.int64)[counted]
