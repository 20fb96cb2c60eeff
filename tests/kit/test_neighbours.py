"""Exact neighbours: equal to sorting, oneself left out by place, duplicates counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.kit import distances
from tutelage.kit.neighbours import least, nearest, ready


def test_on_a_line():
    """0 1 3 7: the nearest other of each is 1, 0, 1, 3 at distance 1 1 2 4; the second 3, 3, 0, 1 at 3 2 3 6."""
    found = nearest(np.array([[0.0], [1.0], [3.0], [7.0]]), 2)
    assert found.rows.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]
    assert found.away.tolist() == [[1, 3], [1, 2], [2, 3], [4, 6]]


def test_a_duplicate_is_a_neighbour_and_oneself_is_not():
    """Three equal points and one at 1: each of the three has the two others at 0, never itself."""
    found = nearest(np.array([[5.0, 5], [5, 5], [5, 5], [5, 6]]), 2)
    for point in range(3):
        assert sorted(found.rows[point].tolist()) == sorted({0, 1, 2} - {point})
        assert found.away[point].tolist() == [0, 0]
    assert found.away[3].tolist() == [1, 1]


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 5), st.integers(1, 12), st.integers(0, 99))
def test_equal_obvious_code(n, m, d, k, seed):
    rng = np.random.default_rng(seed)
    x, among = rng.normal(size=(n, d)).astype(np.float32), rng.normal(size=(m, d)).astype(np.float32)
    true = np.sort(np.linalg.norm(x[:, None].astype(float) - among[None], axis=-1), axis=1)[:, :k]
    found = nearest(x, k, among)
    assert found.away == pytest.approx(true, rel=1e-4, abs=1e-5)
    own = np.linalg.norm(x[:, None].astype(float) - x[None], axis=-1)
    np.fill_diagonal(own, np.inf)
    assert nearest(x, k).away == pytest.approx(np.sort(own, axis=1)[:, : min(k, n - 1)], rel=1e-4, abs=1e-5)


def test_blocks_change_nothing(monkeypatch):
    x = np.random.default_rng(0).normal(size=(400, 5)).astype(np.float32)
    whole = nearest(x, 7)
    monkeypatch.setattr(distances, "BLOCK", 1)  # 64 rows at a time
    parts = nearest(x, 7)
    assert (whole.rows == parts.rows).all()
    assert (whole.away == parts.away).all()


def test_nobody_there():
    assert nearest(np.ones((1, 3)), 4).rows.shape == (1, 0)
    assert nearest(np.ones((0, 3)), 4, np.ones((2, 3))).rows.shape == (0, 2)
    assert nearest(np.ones((3, 3)), 4, np.ones((0, 3))).away.shape == (3, 0)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 99), st.integers(1, 9), st.integers(2, 6000))
def test_the_k_smallest_of_short_and_of_long_rows(seed, k, m):
    """Long rows go through groups; few different values, so that ties stand at the cut."""
    near = np.random.default_rng(seed).integers(0, 50, (3, m)).astype(np.float32)
    k = min(k, m - 1)
    columns = least(near, k)
    assert all(len(set(row.tolist())) == k for row in columns)
    assert np.sort(np.take_along_axis(near, columns, axis=1), axis=1).tolist() == np.sort(near, axis=1)[:, :k].tolist()


def test_long_rows_equal_sorting():
    x = np.random.default_rng(0).normal(size=(3000, 6)).astype(np.float32)
    found = nearest(x[:40], 5, x)
    true = np.sort(np.linalg.norm(x[:40, None].astype(float) - x[None], axis=-1), axis=1)[:, :5]
    assert found.away == pytest.approx(true, rel=1e-4, abs=1e-5)


def test_points_made_ready_once_are_found_bit_for_bit_as_those_made_ready_each_time():
    rng = np.random.default_rng(0)
    x, among = rng.normal(size=(40, 5)), rng.normal(size=(700, 5)) + 3
    held = ready(among)
    for part in (x, x[:3]):
        once, each = nearest(part, 6, held), nearest(part, 6, among)
        assert (once.rows == each.rows).all() and (once.away == each.away).all()
