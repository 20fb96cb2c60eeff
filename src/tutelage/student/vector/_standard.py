"""What a network reads of a pool: columns at mean 0 and variance 1, a constant column 0; or other fixed features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from tutelage.core.data import Array, Floats32, Pool
from tutelage.student.text._projection import learnt

AT_ONCE = 65_536  # vectors read at a time


class Features(Protocol):
    """Fixed numbers for every row. marks: what they depend on, for a fingerprint. arrays: what is saved of them."""

    @property
    def width(self) -> int: ...
    def of(self, pool: Pool) -> Floats32: ...  # (n, width)
    def marks(self) -> Sequence[Any]: ...
    def arrays(self) -> Mapping[str, Array]: ...


class Standard(NamedTuple):
    """z = (x - mean) / deviation"""

    mean: Floats32  # (d,)
    deviation: Floats32  # (d,), 1 for a constant column

    def of(self, pool: Pool) -> Floats32:
        """(n, d) float32"""
        return self.scaled(pool.vectors())

    def scaled(self, x: Floats32) -> Floats32:
        """The same of (n, d) numbers."""
        return np.asarray((x - self.mean) / self.deviation, dtype=np.float32)

    @property
    def width(self) -> int:
        return len(self.mean)

    def marks(self) -> Sequence[Any]:
        return [*self]

    def arrays(self) -> Mapping[str, Array]:
        return self._asdict()


class Reduced(NamedTuple):
    """z = the standard form of (x - centre) axes"""

    centre: Floats32  # (d,)
    axes: Floats32  # (d, k)
    standard: Standard

    @property
    def width(self) -> int:
        return self.standard.width

    def of(self, pool: Pool) -> Floats32:
        """(n, k) float32"""
        return self.standard.scaled(onto(pool.vectors(), self.centre, self.axes))

    def marks(self) -> Sequence[Any]:
        return [self.centre, self.axes, *self.standard]

    def arrays(self) -> Mapping[str, Array]:
        return {"centre": self.centre, "axes": self.axes, **self.standard.arrays()}


def onto(x: Floats32, centre: Floats32, axes: Floats32) -> Floats32:
    """(n, k) where rows lie along the axes."""
    return np.asarray((x - centre) @ axes, dtype=np.float32)


def standard(pool: Pool, wanted: bool = True) -> Standard:
    """Of a pool's vectors; the identity when not wanted or when the pool is empty."""
    width = pool.vectors().shape[1] if len(pool) == 0 else pool.take([0]).vectors().shape[1]
    if not wanted or not len(pool):
        return Standard(np.zeros(width, np.float32), np.ones(width, np.float32))
    return standard_of(lambda: (batch.vectors() for batch in pool.batches(AT_ONCE)), width)


def reduced(pool: Pool, components: int, wanted: bool = True) -> Reduced:
    """The first principal components of a pool's vectors, each at variance 1 when wanted."""
    width = pool.vectors().shape[1] if len(pool) == 0 else pool.take([0]).vectors().shape[1]
    found = learnt((batch.vectors() for batch in pool.batches(AT_ONCE)), width, "centred", components, False)
    centre, axes = found.mean, found.basis
    if centre is None or axes is None:  # without rows there are no directions
        centre, axes = np.zeros(width, np.float32), np.eye(width, components, dtype=np.float32)
    size = axes.shape[1]
    if not wanted or not len(pool):
        return Reduced(centre, axes, Standard(np.zeros(size, np.float32), np.ones(size, np.float32)))
    return Reduced(centre, axes, standard_of(
        lambda: (onto(batch.vectors(), centre, axes) for batch in pool.batches(AT_ONCE)), size))  # fmt: skip


def standard_of(read: Callable[[], Iterable[Floats32]], width: int) -> Standard:
    """Of rows read twice in batches, in float64; at least one row."""
    count, total = 0, np.zeros(width)
    for x in read():
        count, total = count + len(x), total + x.sum(axis=0, dtype=np.float64)
    mean = total / count
    variance = sum((((x - mean) ** 2).sum(axis=0) for x in read()), np.zeros(width)) / count
    # the mean of equal float32 values is off by rounding, and a column must not be divided by that
    constant = variance <= (1e-6 * np.maximum(np.abs(mean), 1.0)) ** 2
    deviation = np.where(constant, 1.0, np.sqrt(variance))
    return Standard(mean.astype(np.float32), deviation.astype(np.float32))
