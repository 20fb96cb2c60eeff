"""Exact nearest neighbours through BLAS, block by block: O(n x block) memory, no index.

A point is kept from its own list by its place, not by its distance: with duplicates about, the nearest point at
distance 0 need not be the point itself. Distances are those of the differences, so a duplicate lies at exactly 0.

What BLAS gives is rounded in float32, and not alike for equal points nor for every shape of a block. It only names
candidates, a few more than k; these are told apart by differences in double precision. Where rounding could have kept
a neighbour from being one of them (many points are equally near, or nearly so), every point within reach of rounding
is a candidate, so that neighbours depend on the point and on those searched among, never on who is asked beside it.

Of a long row the k smallest are found through groups: the k groups with the smallest minima hold them, so only k
groups are looked into. Partitioning the whole row takes 0.43 ms for 100,000 numbers, a third of the product itself.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Array, Floats32, Ints
from tutelage.kit.distances import blocks

GROUP = 64  # numbers a group; a minimum over groups is one pass, what is looked into afterwards is k x GROUP
ROWS = 4  # blocks of so many times `distances.BLOCK` floats: the product of 400 rows is a quarter faster than of 100
SPARE = 4  # candidates beyond k: without ties rarely more than one more lies within reach of rounding
EPSILON, TINY = (float(one) for one in (np.finfo(np.float32).eps, np.finfo(np.float32).tiny))


class Found(NamedTuple):
    """Neighbours of each point, nearest first: rows (n, k) and distances (n, k)."""

    rows: Ints
    away: Floats32


@dataclass(frozen=True, eq=False)
class Ready:
    """Points (m, d) to search among, with what every search needs: their mean, -2 (a - mean), and |a - mean|^2."""

    points: Floats32
    mean: Floats32
    shifted: Floats32
    bias: Floats32

    @functools.cached_property
    def copies(self) -> Ints:
        """(m,) how many earlier rows hold the very same point; it has the same bias, so sorting brings them together.

        Too few where another point of the same bias lies between them.
        """
        order, places = np.argsort(self.bias, kind="stable"), np.arange(len(self.bias))
        again = np.zeros(len(order), dtype=bool)
        maybe = np.flatnonzero(self.bias[order[1:]] == self.bias[order[:-1]]) + 1
        for part in blocks(len(maybe), self.points.shape[1]):
            pairs = order[maybe[part]], order[maybe[part] - 1]
            again[maybe[part]] = (self.points[pairs[0]] == self.points[pairs[1]]).all(axis=1)
        made = np.empty_like(order)
        made[order] = places - np.maximum.accumulate(np.where(again, 0, places))
        return made


def ready(among: Array) -> Ready:
    """Points (m, d), m > 0, made ready once for many searches, at the memory of a second copy of them."""
    others = np.ascontiguousarray(among, dtype=np.float32)
    mean = others.mean(axis=0, dtype=np.float64).astype(np.float32)
    shifted = others - mean
    bias = np.empty(len(others), dtype=np.float32)
    for part in blocks(*others.shape):
        bias[part] = _squares(shifted[part].astype(np.float64))
    shifted *= -2
    return Ready(others, mean, shifted, bias)


def nearest(x: Array, k: int, among: Array | Ready | None = None) -> Found:
    """The k nearest of `among` (m, d) to each point of x (n, d); without `among`, of x itself less the point.

    Fewer than k where there are not so many. Equally near, as distances rounded to float32 tell: the earlier row.
    """
    points = np.ascontiguousarray(x, dtype=np.float32)
    others = points if among is None else among.points if isinstance(among, Ready) else np.asarray(among)
    there = len(others) - (among is None)
    k = max(min(k, there), 0)
    if k == 0 or len(points) == 0:
        return Found(np.zeros((len(points), k), dtype=np.int64), np.zeros((len(points), k), dtype=np.float32))
    held = among if isinstance(among, Ready) else ready(others)
    rows = np.empty((len(points), k), dtype=np.int64)
    away = np.empty((len(points), k), dtype=np.float32)
    for part in blocks(len(points), max(len(others), k * points.shape[1]) // ROWS):
        centred = (points[part] - held.mean).astype(np.float32)
        near: Floats32 = centred @ held.shifted.T  # |x - a|^2 less |x - mean|^2, which is the same for every a
        near += held.bias
        if among is None:
            near[np.arange(len(near)), np.arange(part.start, part.stop)] = np.inf
        wide = min(k + SPARE, there)
        picks = np.sort(least(near, wide), axis=1) if wide < there else _all(part, there, among is None)
        rows[part], away[part] = _leading(points[part], held.points, picks, k)
        for row, cut in _crowded(centred, np.take_along_axis(near, picks, axis=1), k) if wide < there else ():
            place = part.start + row
            reach = _within(held, near[row], cut, k)
            reach = reach[reach != place] if among is None else reach
            told = _leading(points[place][None], held.points, reach[None], k)
            rows[place], away[place] = told[0][0], told[1][0]
    return Found(rows, away)


def _crowded(centred: Floats32, near: Floats32, k: int) -> list[tuple[int, np.float32]]:
    """Rows where the smallest numbers `near` (n, more than k) may lack one of the k nearest, and what bounds those.

    A number is off by no more than eps/2 (d/2 + 4) (|x| + |a|)^2, x and a without the mean: d terms of a product that
    are added up, and four roundings. So whatever may be among the k nearest is at most twice that above the k-th
    number; the rest of the margin is for distances that are equal once rounded, and for what is too small for float32.
    |a| is at most |x| and the distance.
    """
    squares = _squares(centred.astype(np.float64))
    kth = np.partition(near, k - 1, axis=1)[:, k - 1].astype(np.float64)
    most = 2 * np.sqrt(squares) + np.sqrt(np.maximum(kth + squares, 0))
    cut = (kth + EPSILON * (centred.shape[1] / 2 + 16) * most**2 + TINY).astype(np.float32)
    last = near.max(axis=1)
    rows = np.flatnonzero(~((last > cut) & np.isfinite(last)))  # out of range or NaN: every point is a candidate
    return [(int(row), cut[row]) for row in rows]


def _within(held: Ready, near: Floats32, cut: np.float32, k: int) -> Ints:
    """The points whose numbers `near` (m,) do not lie above the cut, of equal points the first k + 1.

    k others come before a later one, even where one of them is the point that asks.
    """
    reach = np.flatnonzero(~(near > cut))
    return np.asarray(reach[held.copies[reach] <= k])


def _leading(points: Floats32, others: Floats32, rows: Ints, k: int) -> tuple[Ints, Floats32]:
    """The k nearest of the candidates `rows` (n, c), which ascend, with true distances, in order."""
    flat, owner = rows.ravel(), np.repeat(np.arange(len(rows)), rows.shape[1])
    away = np.empty(rows.shape, dtype=np.float32)
    for part in blocks(len(flat), points.shape[1]):
        apart = others[flat[part]].astype(np.float64)
        apart -= points[owner[part]]
        away.flat[part] = np.sqrt(_squares(apart))
    order = np.argsort(away, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(away, order, axis=1)


def _squares(apart: Array) -> Array:
    """Sums of squares over the last axis, each in the same order whatever stands beside it, unlike a matrix product."""
    return np.asarray(np.einsum("ij,ij->i", apart, apart))


def least(near: Floats32, k: int) -> Ints:
    """(n, k) the columns of the k smallest numbers of each row (n, m), 0 < k < m, in no order."""
    wide = near.shape[1] // GROUP
    if wide < 4 * k:  # too short to gain anything
        return np.argpartition(near, k - 1, axis=1)[:, :k]
    grouped = near[:, : wide * GROUP].reshape(len(near), GROUP, wide)  # group g: columns g, g + wide, g + 2 wide ...
    groups = np.argpartition(grouped.min(axis=1), k - 1, axis=1)[:, None, :k]
    inside = (groups + wide * np.arange(GROUP)[:, None]).reshape(len(near), -1)
    behind = np.broadcast_to(np.arange(wide * GROUP, near.shape[1]), (len(near), near.shape[1] - wide * GROUP))
    columns = np.concatenate([inside, behind], axis=1)
    picks = np.argpartition(np.take_along_axis(near, columns, axis=1), k - 1, axis=1)[:, :k]
    return np.take_along_axis(columns, picks, axis=1)


def _all(part: slice, there: int, itself: bool) -> Ints:
    """(n, there) everybody, for each of these points; itself: but the point."""
    places, columns = np.arange(part.start, part.stop)[:, None], np.arange(there)
    return np.asarray(columns + (itself & (columns >= places)))
