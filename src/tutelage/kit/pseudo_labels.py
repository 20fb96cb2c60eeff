"""What the teachers share that let a student label its own pool: a subsample, the lessons, and what was said before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tutelage.core.data import Array, Floats, Ints, Lessons, Pool, Rng, Rows, labelled
from tutelage.kit.info import entropy


def subsampled(asked: Rows, most: int, rng: Rng) -> Pool:
    """At most `most` of the examples asked about, drawn uniformly, in the order in which they were asked about."""
    rows = asked.rows
    if len(rows) > most:
        rows = rows[np.sort(rng.choice(len(rows), most, replace=False))]
    return asked.pool.take(rows)


def lessons_about(pool: Pool, kept: Ints, codes: Ints, weights: Floats, source: str) -> Lessons:
    """The kept rows as Label lessons, free of charge; none without a row."""
    if len(kept) == 0:
        return ()
    return (labelled(Rows(pool, kept), codes, source)._replace(weight=np.asarray(weights, dtype=np.float64)),)


def counted(kept: int, asked: int) -> dict[str, float]:
    """The facts that all of them give: how many were kept, and their share of those asked about."""
    return {"kept": float(kept), "coverage": kept / asked if asked else 0.0}


def doubt(probs: Array) -> Floats:
    """(n,) entropy as a share of the largest possible; 0 with fewer than two classes."""
    return entropy(probs) / np.log(probs.shape[1]) if probs.shape[1] > 1 else np.zeros(len(probs))


def bald(opinions: Array) -> Floats:
    """(n,) H(mean p) - mean H(p) over members (m, n, C), in nats: what the members disagree about; never negative."""
    own = np.mean([entropy(probs) for probs in opinions], axis=0)
    return np.asarray(np.maximum(entropy(opinions.mean(axis=0, dtype=np.float64)) - own, 0.0))


def drawn(mass: Floats, count: int, rng: Rng) -> Ints:
    """At most `count` distinct rows, drawn one after another in proportion to mass; never one without mass."""
    able = np.flatnonzero(mass > 0)
    if len(able) <= count:
        return able
    return np.sort(able[rng.choice(len(able), count, replace=False, p=mass[able] / mass[able].sum())])


def earlier(memory: Mapping[str, Any], pool: Pool, now: Array) -> Array:
    """What was remembered about each row; `now`, where nothing was or it had another number of classes."""
    if memory.get("table") != pool.table.fingerprint or memory["values"].shape[1:] != now.shape[1:]:
        return now
    numbers: Ints = memory["numbers"]
    at = np.minimum(np.searchsorted(numbers, pool.numbers), len(numbers) - 1)
    known = numbers[at] == pool.numbers
    return np.asarray(np.where(known.reshape(-1, *[1] * (now.ndim - 1)), memory["values"][at], now))


def remembered(pool: Pool, values: Array) -> dict[str, Any]:
    """A memory that `earlier` reads: values (n, ...) of the pool's rows."""
    order = np.argsort(pool.numbers, kind="stable")
    return {"table": pool.table.fingerprint, "numbers": pool.numbers[order], "values": values[order]}


def held_weight(lessons: Lessons) -> float:
    """The sum of the weights of all lessons so far."""
    return float(sum(block.weight.sum() for block in lessons))
