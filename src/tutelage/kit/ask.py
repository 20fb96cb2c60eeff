"""What a student says about a pool, checked on the way: probabilities batch by batch, embeddings whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tutelage.core.data import Array, Floats, Floats32, Ints, Pool
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import CanEmbed, CanWeigh, able
from tutelage.kit.embeddings import embedded
from tutelage.kit.info import checked
from tutelage.kit.ranking import in_table_order

BATCH = 65_536  # rows a call: probabilities of a large pool are never held all at once


def probabilities(student: Any, pool: Pool) -> Array:
    """(n, C) checked: every row a distribution; C may be fewer than the pool's labels, or 0."""
    return checked(able(student, CanWeigh).probs(pool), len(pool), student)


def weigh(student: Any, pool: Pool, score: Callable[[Pool, Array], Floats]) -> Floats:
    """(n,) score(batch, its probabilities) of every row; batches follow the table, whatever the pool's order."""
    return scored(pool, lambda batch: score(batch, probabilities(student, batch)))


def scored(pool: Pool, score: Callable[[Pool], Floats]) -> Floats:
    """(n,) score(batch) of every row; batches follow the table, whatever the pool's order."""
    places = in_table_order(pool).places
    scores = np.empty(len(pool))
    for start in range(0, len(pool), BATCH):
        rows = places[start : start + BATCH]
        scores[rows] = score(pool.take(rows))
    return scores


def guesses(student: Any, pool: Pool) -> Ints:
    """(n,) the column of the most probable class, of equals the first; -1 without classes."""
    best = weigh(student, pool, lambda batch, p: p.argmax(axis=1) if p.shape[1] else np.full(len(batch), -1.0))
    return best.astype(np.int64)


def embeddings(student: Any, pool: Pool, encoder: Any = None) -> Floats32:
    """(n, d) where rows stand: by this encoder, or without one the student's own, which are checked.

    One row each, all of them finite; ContractBroken, naming the student, otherwise.
    """
    if encoder is not None:
        return embedded(pool, encoder.fingerprint, encoder.encode, encoder.width, encoder=encoder)
    vectors = np.asarray(able(student, CanEmbed).embed(pool), dtype=np.float32)
    name = type(student).__name__
    if vectors.ndim != 2 or len(vectors) != len(pool):
        raise ContractBroken(f"{name}.embed: {len(pool)} vectors were asked for, got shape {vectors.shape}")
    with np.errstate(invalid="ignore", over="ignore"):
        wrong = ~np.isfinite(np.einsum("ij->i", vectors))
    if wrong.any():
        raise ContractBroken(f"{name}.embed: {int(wrong.sum())} of {len(pool)} vectors hold NaN or infinity")
    return vectors
