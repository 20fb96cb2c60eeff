"""Mean and covariance of each class's vectors, added to as lessons come: what is kept instead of the lessons.

    n = n_a + n_b,   mean = mean_a + (n_b / n) d,   S = S_a + S_b + (n_a n_b / n) d d',   d = mean_b - mean_a
    covariance = S / (n - 1) + ridge I,   ridge I alone for a class of one vector

in double precision. S is kept `full` (d x d numbers a class), as its `diagonal` (d numbers a class), or `shared`: one
matrix for all classes, whose covariance is the sum of S over n - C.

Source: Chan, Golub and LeVeque (1983), equation 2.1, for S and its merging.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np

from tutelage.core.data import Floats, Floats32, Ints

Kept: TypeAlias = Literal["full", "shared", "diagonal"]
Moments: TypeAlias = Mapping[str, Any]  # classes (C,), counts (C,), means (C, d), scatter: (C, d, d), (d, d) or (C, d)


def added(held: Moments, vectors: Floats32, codes: Ints, kept: Kept = "full") -> dict[str, Any]:
    """The moments with these vectors in them; new classes stand behind those held. {} holds nothing.

    >>> one = added({}, np.array([[0.0, 0], [2, 0]], dtype=np.float32), np.array([7, 7]))
    >>> one["means"].tolist(), one["scatter"].tolist()
    ([[1.0, 0.0]], [[[2.0, 0.0], [0.0, 0.0]]])
    """
    x = np.asarray(vectors, dtype=np.float64)
    width = x.shape[1]
    before = np.asarray(held.get("classes", np.zeros(0)), dtype=np.int64)
    fresh = np.setdiff1d(codes, before)
    shape = {"full": (width, width), "diagonal": (width,), "shared": ()}[kept]
    counts = np.concatenate([held.get("counts", np.zeros(0)), np.zeros(len(fresh))])
    means = np.concatenate([held.get("means", np.zeros((0, width))), np.zeros((len(fresh), width))])
    if kept == "shared":
        scatter = np.array(held.get("scatter", np.zeros((width, width))))
    else:
        scatter = np.concatenate([held.get("scatter", np.zeros((0, *shape))), np.zeros((len(fresh), *shape))])
    classes = np.concatenate([before, fresh])
    for at in np.flatnonzero(np.isin(classes, codes)).tolist():
        mine = x[codes == classes[at]]
        mean = mine.mean(axis=0)
        apart, total = mean - means[at], counts[at] + len(mine)
        share = counts[at] * len(mine) / total
        if kept == "diagonal":
            scatter[at] += ((mine - mean) ** 2).sum(axis=0) + share * apart**2
        else:
            more = (mine - mean).T @ (mine - mean) + share * np.outer(apart, apart)
            scatter[... if kept == "shared" else at] += more
        means[at] += len(mine) / total * apart
        counts[at] = total
    return {"classes": classes, "counts": counts, "means": means, "scatter": scatter}


def weighted_means(x: Floats, pull: Floats) -> tuple[Floats, Floats]:
    """(C, d) means of rows x (n, d) that count for each class as pull (n, C) says, 0 for none, and (C,) what counts.

    >>> weighted_means(np.array([[1.0], [4.0]]), np.array([[2.0, 0], [1.0, 0]]))
    (array([[2.],
           [0.]]), array([3., 0.]))
    """
    masses = pull.sum(axis=0)
    return (pull.T @ x) / np.where(masses > 0, masses, 1.0)[:, None], masses


def precision(x: Floats, pull: Floats, means: Floats, shrinkage: float) -> Floats:
    """(d, d) the inverse of the covariance that all classes share: ((1 - shrinkage) S + shrinkage v I)^-1.

    x (n, d) double; pull (n, C) how much each row counts for each class; means (C, d). S is the weighted mean of
    (x - m_c)(x - m_c)', v the mean of its diagonal, 1 where that is 0, so that shrinkage 1 is I / v. ValueError for a
    shrinkage that leaves nothing to invert.

    >>> x = np.array([[0.0, 0], [2, 0], [0, 6], [0, 8]])
    >>> precision(x, np.eye(2)[[0, 0, 1, 1]], np.array([[1.0, 0], [0, 7]]), 0.5).round(3).tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """
    rows = pull.sum(axis=1)
    scatter = (x * rows[:, None]).T @ x - (means * pull.sum(axis=0)[:, None]).T @ means
    spread = scatter / rows.sum()
    scale = float(np.trace(spread)) / len(spread)
    mixed = (1 - shrinkage) * spread + shrinkage * (scale if scale > 0 else 1.0) * np.eye(len(spread))
    found = np.linalg.eigvalsh(mixed)
    if found[0] <= len(found) * np.finfo(np.float64).eps * found[-1]:  # an inverse would be rounding alone
        raise ValueError(f"vectors that do not fill their space need a shrinkage above {shrinkage:g}")
    return np.asarray(np.linalg.inv(mixed))


def roots(held: Moments, kept: Kept, ridge: float) -> Floats:
    """Square roots L of the covariances, L L' = covariance: (C, d, d), (1, d, d) when shared, (C, d) of a diagonal."""
    width = held["means"].shape[1]
    if kept == "shared":
        over = max(float(held["counts"].sum()) - len(held["classes"]), 1.0)
        return np.linalg.cholesky(held["scatter"][None] / over + ridge * np.eye(width))
    over = np.maximum(held["counts"] - 1, 1)
    if kept == "diagonal":
        return np.asarray(np.sqrt(held["scatter"] / over[:, None] + ridge))
    return np.linalg.cholesky(held["scatter"] / over[:, None, None] + ridge * np.eye(width))
