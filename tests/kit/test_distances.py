"""Distances through BLAS equal those of the differences, near zero and far from the origin too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.kit.distances import BLOCK, blocks, space_of, to_nearest, to_point


def obvious(x, c):
    return ((x[:, None].astype(np.float64) - c[None].astype(np.float64)) ** 2).sum(-1)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 5), st.sampled_from([0.0, 1.0, 300.0]), st.integers(0, 99))
def test_equal_obvious_code(n, d, k, offset, seed):
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(n, d)) + offset).astype(np.float32)
    c = x[rng.integers(n, size=k)] + np.float32(seed % 2) * rng.normal(size=(k, d)).astype(np.float32)
    space, true = space_of(x), obvious(x, c)
    assert to_point(space, c[0]) == pytest.approx(true[:, 0], rel=0.05, abs=1e-6)
    near = to_nearest(space, c)
    assert near.away == pytest.approx(true.min(1), rel=0.05, abs=1e-6)
    assert true[np.arange(n), near.which] == pytest.approx(true.min(1), rel=0.05, abs=1e-6)


@pytest.mark.parametrize("offset", [0.0, 1.0, 1000.0])
def test_a_duplicate_lies_at_exactly_zero_and_a_near_one_does_not(offset):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(50, 64)) + offset).astype(np.float32)
    x[20], x[30] = x[10], x[10]
    x[30, 0] += np.float32(0.001)
    away = to_point(space_of(x), x[10])
    assert away[10] == away[20] == 0
    assert away[30] == pytest.approx(float(x[30, 0] - x[10, 0]) ** 2, rel=1e-5)
    assert np.flatnonzero(to_nearest(space_of(x), x[10:11]).away == 0).tolist() == [10, 20]


def test_blocks_cover_everything_once():
    for count, width in [(0, 5), (10, 5), (200, BLOCK), (1000, BLOCK // 100)]:
        seen = [i for part in blocks(count, width) for i in range(part.start, part.stop)]
        assert seen == list(range(count))
