"""Columns at mean 0 and variance 1 over a pool; a constant column becomes 0."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tutelage.core.data import Floats32, Pool

AT_ONCE = 65_536  # vectors read at a time


class Standard(NamedTuple):
    """z = (x - mean) / deviation"""

    mean: Floats32  # (d,)
    deviation: Floats32  # (d,), 1 for a constant column

    def of(self, pool: Pool) -> Floats32:
        """(n, d) float32"""
        return np.asarray((pool.vectors() - self.mean) / self.deviation, dtype=np.float32)


def standard(pool: Pool, wanted: bool = True) -> Standard:
    """Of a pool's vectors, in two passes and float64; the identity when not wanted or when the pool is empty."""
    width = pool.vectors().shape[1] if len(pool) == 0 else pool.take([0]).vectors().shape[1]
    mean, variance = np.zeros(width), np.ones(width)
    if wanted and len(pool):
        mean = sum(batch.vectors().sum(axis=0, dtype=np.float64) for batch in pool.batches(AT_ONCE)) / len(pool)
        away = (((batch.vectors() - mean) ** 2).sum(axis=0) for batch in pool.batches(AT_ONCE))
        variance = sum(away, np.zeros(width)) / len(pool)
    # the mean of equal float32 values is off by rounding, and a column must not be divided by that
    constant = variance <= (1e-6 * np.maximum(np.abs(mean), 1.0)) ** 2
    deviation = np.where(constant, 1.0, np.sqrt(variance))
    return Standard(mean.astype(np.float32), deviation.astype(np.float32))
