"""Exact nearest neighbours through BLAS, block by block: O(n x block) memory, no index.

A point is kept from its own list by its place, not by its distance: with duplicates about, the nearest point at
distance 0 need not be the point itself. Distances are those of the differences, so a duplicate lies at exactly 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tutelage.core.data import Array, Floats32, Ints
from tutelage.kit.distances import blocks


class Found(NamedTuple):
    """Neighbours of each point, nearest first: rows (n, k) and distances (n, k)."""

    rows: Ints
    away: Floats32


def nearest(x: Array, k: int, among: Array | None = None) -> Found:
    """The k nearest of `among` (m, d) to each point of x (n, d); without `among`, of x itself less the point.

    Fewer than k where there are not so many. Equally near: the earlier row, as far as float32 tells them apart.
    """
    points = np.ascontiguousarray(x, dtype=np.float32)
    others = points if among is None else np.ascontiguousarray(among, dtype=np.float32)
    k = max(min(k, len(others) - (among is None)), 0)
    if k == 0 or len(points) == 0:
        return Found(np.zeros((len(points), k), dtype=np.int64), np.zeros((len(points), k), dtype=np.float32))
    mean = others.mean(axis=0, dtype=np.float64).astype(np.float32)
    shifted = others - mean
    bias = np.einsum("ij,ij->i", shifted, shifted) + 2 * (shifted @ mean)
    rows = np.empty((len(points), k), dtype=np.int64)
    away = np.empty((len(points), k), dtype=np.float32)
    for part in blocks(len(points), max(len(others), k * points.shape[1])):
        near = points[part] @ shifted.T  # |x - a|^2 less |x - mean|^2, which is the same for every a
        near *= -2
        near += bias
        if among is None:
            near[np.arange(len(near)), np.arange(part.start, part.stop)] = np.inf
        rows[part], away[part] = _leading(points[part], others, near, k)
    return Found(rows, away)


def _leading(points: Floats32, others: Floats32, near: Floats32, k: int) -> tuple[Ints, Floats32]:
    """The k smallest of each row, with true distances, in order."""
    rows = np.sort(np.argpartition(near, k - 1, axis=1)[:, :k], axis=1) if k < near.shape[1] else _all(near)
    apart = others[rows] - points[:, None, :]
    away = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart))
    order = np.argsort(away, axis=1, kind="stable")
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(away, order, axis=1)


def _all(near: Floats32) -> Ints:
    return np.broadcast_to(np.arange(near.shape[1]), near.shape)
