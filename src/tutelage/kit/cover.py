"""Greedy k-centre: each pick is the point farthest from everything held or picked before; radius <= 2 x the best."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tutelage.core.data import Array, Floats32, Ints, Rng
from tutelage.kit.distances import space_of, to_nearest, to_point
from tutelage.kit.ranking import best, filled


class Cover(NamedTuple):
    """rows (n,): the picks in order. away (points,): distance to the nearest point held or picked before it.

    A pick's `away` is that at the moment it was picked; NaN for the first where nothing was held.
    """

    rows: Ints
    away: Floats32


def farthest_first(x: Array, held: Array, n: int, rng: Rng) -> Cover:
    """N rows of x (m, d), 0 < n <= m, far from each other and from `held` (h, d), which may be empty.

    Where nothing is held the first is the point farthest from the mean: on a line, one of the two ends.
    Equally far: one of them at random. When every point left coincides with a pick, the rest are drawn at random.
    """
    space = space_of(x)
    away = to_nearest(space, held).away if len(held) else space.squares.copy()
    at_pick = np.full(len(away), np.nan, dtype=np.float32)
    picks: list[int] = []
    while len(picks) < n:
        row = best(away, rng)
        if away[row] <= 0:
            break
        reached = to_point(space, space.x[row])
        at_pick[row] = away[row] if picks or len(held) else np.nan
        away = np.minimum(away, reached, out=away) if picks or len(held) else reached
        picks.append(row)
        away[row] = 0.0  # nothing is picked twice
    final = np.sqrt(away)
    final[picks] = np.sqrt(at_pick[picks])
    return Cover(filled(picks, n, len(away), rng), final)
