"""Which points lie within a radius of which: blocks of a boolean matrix that is never whole, and a pure radius.

Whether a point lies in a ball is decided by |x - y|^2 < r^2 with the difference taken in float32. The products of
`distances` decide it where they are far from r^2, so the answer is the same from either side and in any block.
"""

from __future__ import annotations

import numpy as np

from tutelage.core.data import Array, Bools, Floats32, Ints, Rng
from tutelage.kit.cluster import k_means
from tutelage.kit.distances import NOISE, Space, blocks, space_of


def inside(space: Space, rows: Ints, radius2: float) -> Bools:
    """(b, n) whether each point of the space lies nearer to x[rows] than the radius (given squared); oneself always."""
    shifted = space.x[rows] - space.mean
    own = np.einsum("ij,ij->i", shifted, shifted)
    over = np.asarray((-2 * shifted) @ space.x.T)  # becomes |x - y|^2 less the squared radius
    over += space.squares
    over += (own + 2 * (shifted @ space.mean) - np.float32(radius2))[:, None]
    found: Bools = over < 0
    if np.isfinite(radius2):
        offset = np.sqrt(space.mean @ space.mean)
        noise = NOISE * (space.squares.max() + own + offset * np.sqrt(own))
        np.abs(over, out=over)
        which, other = np.nonzero(over < noise[:, None])
        for part in blocks(len(which), space.x.shape[1]):
            apart = space.x[rows[which[part]]] - space.x[other[part]]
            found[which[part], other[part]] = np.einsum("ij,ij->i", apart, apart) < np.float32(radius2)
    found[np.arange(len(rows)), rows] = True
    return found


def strangers(x: Array, which: Ints, rows: Ints) -> Floats32:
    """(b,) squared distance from x[rows] to the nearest point of another cluster; inf where there is only one."""
    order = np.argsort(which, kind="stable")
    space = space_of(np.asarray(x)[order])
    starts = np.searchsorted(which[order], np.arange(which.max() + 2))
    away = np.full(len(rows), np.inf, dtype=np.float32)
    if len(starts) == 2:
        return away
    for cluster in np.unique(which[rows]):
        mine = np.flatnonzero(which[rows] == cluster)
        for part in blocks(len(mine), len(which)):
            points = np.asarray(x[rows[mine[part]]], dtype=np.float32)
            near = (-2 * (points - space.mean)) @ space.x.T
            near += space.squares
            near[:, starts[cluster] : starts[cluster + 1]] = np.inf
            apart = space.x[near.argmin(axis=1)] - points
            away[mine[part]] = np.einsum("ij,ij->i", apart, apart)
    return away


def pure_radius2(x: Array, clusters: int, purity: float, probes: int, rng: Rng) -> float:
    """The largest squared radius at which a share `purity` of the open balls around points holds one cluster alone.

    A ball is pure while its radius does not exceed the distance to the nearest point of another cluster of k-means, so
    the radius is an order statistic of these distances; of at most `probes` points, drawn at random.
    """
    which = k_means(x, clusters, rng).which
    rows = np.sort(rng.permutation(len(which))[:probes])
    away = np.sort(strangers(x, which, rows))
    impure = int((1 - purity) * len(rows) + 1e-9)  # how many balls may be impure; 1e-9: 0.05 x 20 shall be 1
    return float(away[impure]) if impure < len(rows) else float("inf")
