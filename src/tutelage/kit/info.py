"""Entropy, margin and divergence of distributions in rows, in nats; zeros are handled, nonsense is refused."""

from __future__ import annotations

from typing import Any

import numpy as np

from tutelage.core.data import Array, Floats
from tutelage.core.errors import ContractBroken

LEAST = 1e-12  # a probability below it is read as this where its logarithm is taken, so that a divergence stays finite
SLACK = 1e-3  # how far the sum of a float32 row over a few thousand classes may stray from 1


def checked(probs: Array, rows: int, student: Any) -> Array:
    """The same probabilities. ContractBroken, naming the student, unless each of `rows` rows is a distribution."""
    name = type(student).__name__
    if probs.ndim != 2 or len(probs) != rows:
        raise ContractBroken(f"{name}.probs: {rows} rows of probabilities were asked for, got shape {probs.shape}")
    if probs.size == 0:
        return probs
    sums = probs.sum(axis=1, dtype=np.float64)
    wrong = ~(np.abs(sums - 1) <= SLACK)  # written so that NaN counts as wrong
    wrong |= probs.min(axis=1) < 0
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise ContractBroken(
            f"{name}.probs: {int(wrong.sum())} of {rows} rows are no distribution (NaN, negative or not summing to 1); "
            f"the first is row {first}, which sums to {sums[first]:g}"
        )
    return probs


def entropy(probs: Array) -> Floats:
    """(n,) H(p) = -sum_c p_c log p_c; 0 log 0 = 0; 0 without classes."""
    p = np.asarray(probs, dtype=np.float64)
    logs = np.log(p, out=np.zeros_like(p), where=p > 0)
    return np.asarray(np.maximum(-np.einsum("ij,ij->i", p, logs), 0.0))


def top(probs: Array) -> Floats:
    """(n,) the largest probability of each row; 1 without classes, where there is nothing to be unsure about."""
    if probs.shape[1] == 0:
        return np.ones(len(probs))
    return np.asarray(probs.max(axis=1), dtype=np.float64)


def margin(probs: Array) -> Floats:
    """(n,) p_(1) - p_(2), the largest probability less the second; 1 with fewer than two classes."""
    if probs.shape[1] < 2:
        return np.ones(len(probs))
    two = np.partition(probs, probs.shape[1] - 2, axis=1)[:, -2:].astype(np.float64)
    return np.asarray(two[:, 1] - two[:, 0])


def logs(probs: Array) -> Floats:
    """Log max(p, 1e-12), in float64."""
    return np.log(np.maximum(np.asarray(probs, dtype=np.float64), LEAST))


def kl(p: Array, q: Array) -> Floats:
    """(n,) KL(p || q) = sum_c p_c (log p_c - log q_c), never negative; finite, see LEAST."""
    found = np.einsum("ij,ij->i", np.asarray(p, dtype=np.float64), logs(p) - logs(q))
    return np.asarray(np.maximum(found, 0.0))
