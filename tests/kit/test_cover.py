"""Greedy k-centre: ends first, within twice the best radius, no duplicate before its time."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.core.rng import stream
from tutelage.kit.cover import farthest_first

NONE = np.zeros((0, 1))


def radius(x, rows):
    return np.linalg.norm(x[:, None] - x[None, rows], axis=-1).min(1).max()


def test_on_a_line_the_two_ends_and_then_the_widest_gap():
    """0 1 2 6 10, mean 3.8: 10 lies farthest from it, then 0, then 6 (4 from 10; 2 is only 2 from 0)."""
    cover = farthest_first(np.array([0.0, 1, 2, 6, 10])[:, None], NONE, 3, stream(0, "t"))
    assert cover.rows.tolist() == [4, 0, 3]
    assert cover.away[[0, 1, 2, 3]] == pytest.approx([10, 1, 2, 4], rel=1e-6)
    assert np.isnan(cover.away[4])


def test_what_is_held_is_covered():
    """0 held: of 1 2 6 10 first 10 (10 away), then 6 (4 from 10)."""
    cover = farthest_first(np.array([1.0, 2, 6, 10])[:, None], np.zeros((1, 1)), 2, stream(0, "t"))
    assert cover.rows.tolist() == [3, 2]
    assert cover.away == pytest.approx([1, 2, 4, 10], rel=1e-6)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 300), st.integers(1, 5))
def test_within_twice_the_smallest_radius(seed, k):
    x = np.random.default_rng(seed).normal(size=(12, 2))
    ours = radius(x, farthest_first(x, np.zeros((0, 2)), k, stream(seed, "t")).rows)
    least = min(radius(x, list(rows)) for rows in combinations(range(12), k))
    assert ours <= 2 * least + 1e-5


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(3, 25), st.integers(0, 4), st.integers(1, 6), st.integers(0, 99))
def test_equal_obvious_code(n, held, k, seed):
    rng = np.random.default_rng(seed)
    x, known = rng.normal(size=(n, 3)), rng.normal(size=(held, 3))
    rows: list[int] = []
    for _ in range(min(k, n)):
        centres = np.concatenate([known, x[rows]])
        if len(centres):
            away = np.linalg.norm(x[:, None] - centres[None], axis=-1).min(1)
        else:
            away = np.linalg.norm(x - x.mean(0), axis=-1)
        away[rows] = -1
        rows.append(int(away.argmax()))
    assert farthest_first(x, known, min(k, n), stream(0, "t")).rows.tolist() == rows


def test_the_radius_never_grows():
    x = np.random.default_rng(0).normal(size=(200, 4))
    cover = farthest_first(x, x[:1], 50, stream(0, "t"))
    steps = cover.away[cover.rows]
    assert (np.diff(steps) <= 1e-6).all()


@pytest.mark.parametrize("offset", [0.0, 500.0])
def test_no_duplicate_while_anything_else_is_left(offset):
    """Ten points, each five times: the first ten picks are the ten points, however close they lie."""
    points = np.random.default_rng(0).normal(size=(10, 6)).astype(np.float32)
    points[9] = points[8] + np.float32(1e-2)
    x = np.tile(points, (5, 1)) + np.float32(offset)
    cover = farthest_first(x, np.zeros((0, 6)), 15, stream(0, "t"))
    assert sorted(r % 10 for r in cover.rows[:10].tolist()) == list(range(10))
    assert len(set(cover.rows.tolist())) == 15


def test_points_that_coincide_are_drawn_at_random():
    firsts = {int(farthest_first(np.ones((6, 2)), np.zeros((0, 2)), 1, stream(s, "t")).rows[0]) for s in range(60)}
    assert firsts == set(range(6))
