"""How like each of some vectors the likest row of a corpus is."""

from __future__ import annotations

import numpy as np

from tutelage.core.data import Array, Floats, Floats32
from tutelage.kit.neighbours import nearest as neighbours


def likest(x: Array, among: Array) -> Floats:
    """(n,) the largest cosine of each row of x (n, d) with a row of `among` (m, d), found block by block.

    1 - |u - v|^2 / 2 of the unit vectors, so that a row that is there comes to 1 exactly. A row of zeros points
    nowhere: it is like nothing, -1, and nothing is like it. -1, too, where `among` has no other row. Memory beside a
    block: O((n + m) d).

    >>> likest(np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 0.0]])).round(3).tolist()
    [1.0, 0.707, -1.0]
    """
    points, others = units(x), units(among)
    there, known = points.any(axis=1), others.any(axis=1)
    made = np.full(len(points), -1.0)
    if there.any() and known.any():
        away = neighbours(points[there], 1, others[known]).away[:, 0].astype(np.float64)
        made[there] = np.clip(1.0 - away**2 / 2, -1.0, 1.0)
    return made


def units(x: Array) -> Floats32:
    """(n, d) rows of length 1; a row of zeros stays one."""
    wide = np.asarray(x, dtype=np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)
