"""Balls: equal to distances of all pairs, the same from either side; the radius at which so many are pure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.core.rng import stream
from tutelage.kit.balls import inside, pure_radius2, strangers
from tutelage.kit.distances import space_of


def pairs(x):
    apart = x[:, None] - x[None]
    return np.einsum("ijk,ijk->ij", apart, apart)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 300), st.integers(1, 30), st.integers(1, 8), st.sampled_from([0.0, 3.0, 500.0]))
def test_equal_obvious_code_at_a_radius_that_is_a_distance(seed, n, d, offset):
    """The hardest radius: exactly the distance of one pair, which the open ball must leave out from both sides."""
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(n, d)) + offset).astype(np.float32)
    away = pairs(x)
    radius2 = float(away.ravel()[rng.integers(n * n)])
    found = inside(space_of(x), np.arange(n), radius2)
    assert (found == ((away < np.float32(radius2)) | np.eye(n, dtype=bool))).all()
    assert (found == found.T).all()
    alone = np.stack([inside(space_of(x), np.array([row]), radius2)[0] for row in range(n)])
    assert (found == alone).all()


def test_without_a_bound_everything_is_inside():
    assert inside(space_of(np.arange(6.0)[:, None]), np.array([0, 5]), float("inf")).all()


def test_the_nearest_of_another_cluster_by_hand():
    """0 1 | 3 7 in two clusters: 3, 2, 2 and 6 to the other side."""
    x, which = np.array([[0.0], [1], [3], [7]], dtype=np.float32), np.array([1, 1, 0, 0])
    assert strangers(x, which, np.arange(4)).tolist() == [9, 4, 4, 36]
    assert strangers(x, which, np.array([3, 0])).tolist() == [36, 9]
    assert np.isinf(strangers(x, np.zeros(4, dtype=int), np.arange(4))).all()


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 200), st.integers(2, 40), st.integers(2, 5))
def test_the_nearest_of_another_cluster_equals_obvious_code(seed, n, clusters):
    rng = np.random.default_rng(seed)
    x, which = rng.normal(size=(n, 3)).astype(np.float32), rng.integers(0, clusters, n)
    away = np.where(which[:, None] != which[None], pairs(x), np.inf).min(axis=1)
    _, dense = np.unique(which, return_inverse=True)
    assert strangers(x, dense, np.arange(n)) == pytest.approx(away, rel=1e-3)


def test_the_pure_radius_by_hand():
    """0 1 2 3 | 13 14 15 16: to the other cluster 13 12 11 10 and 10 11 12 13. Of 8 balls 2 may be impure at 75 %."""
    x = np.array([0.0, 1, 2, 3, 13, 14, 15, 16], dtype=np.float32)[:, None]
    assert pure_radius2(x, 2, 1.0, 99, stream(0, "t")) == 100
    assert pure_radius2(x, 2, 0.75, 99, stream(0, "t")) == 121
    assert pure_radius2(x, 2, 0.8, 99, stream(0, "t")) == 100  # 1.6 of 8: one
    assert pure_radius2(x, 2, 0.01, 99, stream(0, "t")) == 169


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 100), st.floats(0.05, 1.0))
def test_the_radius_is_the_largest_one_that_is_pure_enough(seed, purity):
    from tutelage.kit.cluster import k_means

    x = np.random.default_rng(seed).normal(size=(30, 2)).astype(np.float32)
    radius2 = pure_radius2(x, 3, purity, 1000, stream(seed, "t"))
    which = k_means(x, 3, stream(seed, "t")).which
    other = which[:, None] != which[None]

    def share(squared):
        return 1 - ((pairs(x) < np.float32(squared)) & other).any(axis=1).mean()

    assert share(radius2) >= purity - 1e-6
    assert share(np.nextafter(np.float32(radius2), np.float32(np.inf))) < purity


def test_points_that_coincide_are_one_cluster():
    assert pure_radius2(np.ones((9, 2)), 4, 0.95, 99, stream(0, "t")) == float("inf")
