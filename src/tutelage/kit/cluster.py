"""k-means: seeding by squared distance, then Lloyd's rounds, in float32 through BLAS, with weights.

scikit-learn's KMeans (n_init=1) takes 4.9 s for 9,000 x 384 into 300 clusters on one core, most of it in its greedy
seeding, and warns where points coincide; this takes under a second and ends with the clusters that exist.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from tutelage.core.data import Array, Floats, Floats32, Ints, Rng
from tutelage.kit.distances import Space, space_of, to_nearest, to_point
from tutelage.kit.ranking import draw

ENOUGH = 1e-4  # a round that lowers the sum of squares by less than this share of it is the last


class Clusters(NamedTuple):
    """Which cluster each point is in (0 .. many-1, none empty), and its squared distance to that cluster's centre."""

    which: Ints
    away: Floats32
    many: int


def seeds(space: Space, k: int, rng: Rng, weights: Floats | None = None) -> Ints:
    """Rows drawn one after another in proportion to weight x squared distance from those drawn (Arthur 2007).

    The first in proportion to weight alone. Fewer than k where the points that differ are fewer.
    """
    mass = np.ones(len(space.x)) if weights is None else weights
    row = draw(mass, rng)
    drawn: list[int] = []
    away = np.full(len(space.x), np.inf, dtype=np.float32)
    while row is not None and len(drawn) < k:
        drawn.append(row)
        np.minimum(away, to_point(space, space.x[row]), out=away)
        row = draw(away * mass, rng)
    return np.array(drawn, dtype=np.int64)


def k_means(x: Array, k: int, rng: Rng, weights: Floats | None = None, rounds: int = 50) -> Clusters:
    """At most k clusters of the points (n, d) that make the weighted sum of squared distances to the centres small.

    A weight of 0 counts as a millionth of the largest, so that every cluster has a centre.
    """
    space = space_of(x)
    mass = np.ones(len(space.x)) if weights is None or not weights.any() else np.maximum(weights, 1e-6 * weights.max())
    centres = space.x[seeds(space, min(k, len(space.x)), rng, mass)]
    which, away = to_nearest(space, centres)
    total = np.inf
    for _ in range(rounds):
        before, total = total, float(away @ mass)
        if before - total <= ENOUGH * before and np.isfinite(before):
            break
        centres = _means(space.x, which, mass, centres, away)
        which, away = to_nearest(space, centres)
    kept, which = np.unique(which, return_inverse=True)
    return Clusters(which.astype(np.int64), away, len(kept))


def _means(x: Floats32, which: Ints, mass: Floats, centres: Floats32, away: Floats32) -> Floats32:
    """The weighted mean of each cluster; an empty one moves to the point that fits its own cluster worst."""
    count = len(centres)
    held = np.bincount(which, weights=mass, minlength=count)
    share = (mass / held[which]).astype(np.float32)
    member = sparse.csr_matrix((share, (which, np.arange(len(x)))), shape=(count, len(x)))
    means = np.asarray(member @ x, dtype=np.float32)
    empty = np.flatnonzero(held == 0)
    if len(empty):
        worst = np.argsort(-(away * mass), kind="stable")[: len(empty)]
        means[empty[: len(worst)]] = x[worst]
    return means


def middles(clusters: Clusters, rng: Rng) -> Ints:
    """The member nearest to each centre, cluster by cluster; one of them at random when several are."""
    order = np.lexsort((rng.random(len(clusters.which)), clusters.away, clusters.which))
    return order[np.searchsorted(clusters.which[order], np.arange(clusters.many))]
