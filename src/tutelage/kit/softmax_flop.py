"""FLOP of softmax regression, counted from shapes: what kit.softmax charges, and what a plan foretells.

With e entries of X other than 0 (n d when dense) and C classes that occur, one evaluation of the objective and its
gradient takes 4 e C (X W, then X^T R). Under the Gram matrix it takes 2 n^2 C, after 2 e n for the matrix itself and
before 2 e C for the weights; without storing that matrix 4 e C. Sums that do not grow with e are left out.
"""

from __future__ import annotations

from typing import NamedTuple

DENSE_GRAM = 2048  # rows up to which the Gram matrix is stored; beyond, X (X^T A) is faster for sparse X and smaller


class Flop(NamedTuple):
    """once: whatever happens. each: every evaluation of the objective and its gradient."""

    once: float
    each: float


def flop(rows: float, columns: float, entries: float, classes: float, warm: bool = False) -> Flop:
    """What `softmax.solved` spends: x of that many rows, columns (those in use when sparse) and entries other than 0.

    >>> flop(rows=10, columns=100, entries=1000, classes=3)            # 2 e n + 2 e C, then 2 n^2 C
    Flop(once=26000.0, each=600.0)
    >>> flop(rows=200, columns=100, entries=20000, classes=3)          # 4 e C
    Flop(once=0.0, each=240000.0)
    """
    if warm or rows >= columns:
        return Flop(0.0, 4.0 * entries * classes)
    if rows > DENSE_GRAM:
        return Flop(2.0 * entries * classes, 4.0 * entries * classes)
    return Flop(2.0 * entries * rows + 2.0 * entries * classes, 2.0 * rows * rows * classes)


def discriminant_flop(rows: float, width: float, classes: float) -> float:
    """Of linear discriminant analysis on dense rows: means, their shared covariance, its inverse, one product more."""
    return 2.0 * rows * width * (width + classes) + 2.0 * width**3 + 2.0 * classes * width**2


def nearest_mean_flop(entries: float, classes: float) -> float:
    """Of the nearest mean: every entry is added up for its class, then divided."""
    return 2.0 * entries * classes
