"""Exact neighbours: equal to sorting, oneself left out by place, duplicates counted, ties to the earlier row."""

from __future__ import annotations

import tracemalloc

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


def sorted_out(x, k, among, itself=False):
    """Obvious code: every distance in double precision, rounded, and a stable sort of all of them."""
    apart = x.astype(np.float32).astype(float)[:, None] - among.astype(np.float32).astype(float)[None]
    away = np.sqrt((apart**2).sum(axis=-1)).astype(np.float32)
    if itself:
        np.fill_diagonal(away, np.inf)
    rows = np.argsort(away, axis=1, kind="stable")[:, :k]
    return rows.tolist(), np.take_along_axis(away, rows, axis=1).tolist()


def told(found):
    return found.rows.tolist(), found.away.tolist()


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(1, 9), st.integers(2, 900), st.integers(1, 4), st.integers(1, 12), st.integers(0, 99))
def test_of_equally_near_ones_the_earlier_rows_in_order(n, m, d, k, seed):
    """Points of a coarse grid, far from the origin: nearly every k-th neighbour is tied, many points are the same."""
    rng = np.random.default_rng(seed)
    among = rng.integers(0, 4, (m, d)) + 50.0
    x = rng.integers(0, 8, (n, d)) / 2 + 50
    assert told(nearest(x, k, among)) == sorted_out(x, k, among)
    k = min(k, m - 1)
    assert told(nearest(among, k)) == sorted_out(among, k, among, itself=True)


@pytest.mark.parametrize("asked", [1, 3, 64])
def test_of_20000_equal_points_the_first_in_bounded_memory(asked):
    """Every point is equally near to all of them; a difference to each would take 10 MB for every point that asks."""
    among = np.ones((20_000, 64), dtype=np.float32)
    held = ready(among)
    tracemalloc.start()
    found = nearest(among[:asked] + 0.25, 16, held)
    assert tracemalloc.get_traced_memory()[1] < 64e6
    tracemalloc.stop()
    assert found.rows.tolist() == [list(range(16))] * asked
    assert found.away.tolist() == [[2.0] * 16] * asked
    own = nearest(among[:3000], 16)
    assert own.rows[0].tolist() == list(range(1, 17)) and own.rows[7].tolist() == [*range(7), *range(8, 17)]


def test_equally_near_in_different_directions():
    """Unit vectors and their opposites seen from 0, several times over: no two neighbours are the same point."""
    unit = np.eye(40)
    among = np.concatenate([unit, -unit, unit, -unit]) + 3
    assert nearest(np.full((2, 40), 3.0), 50, among).rows.tolist() == [list(range(50))] * 2


@pytest.mark.parametrize("equal", [0, 3])
def test_nobody_changes_the_neighbours_of_another(equal):
    """Alone or in any company, bit for bit. Products of blocks of unlike shapes differ in their last bits."""
    rng = np.random.default_rng(0)
    among = rng.normal(size=(5000, 64)).astype(np.float32)
    if equal:
        among[::equal] = among[0]
    x = rng.normal(size=(40, 64)).astype(np.float32)
    x[:20] = among[0] + x[:20] / 50
    held = ready(among)
    together = told(nearest(x, 32, held))
    assert together == sorted_out(x, 32, among)
    for part in (slice(0, 1), slice(7, 8), slice(39, 40), slice(3, 20)):
        assert told(nearest(x[part], 32, held)) == (together[0][part], together[1][part])


def test_closer_together_than_what_a_product_resolves():
    """20,000 places on a line: neighbours are 0.0001 apart, where squares of about 1 are off by more than that squared."""
    among = np.random.default_rng(0).permutation(np.linspace(-1, 1, 20_000))[:, None]
    assert told(nearest(among[:50], 6, among)) == sorted_out(among[:50], 6, among)


def test_earlier_copies_are_counted():
    """[1, 0] and [0, 1] are equally far from the mean, yet not the same; 0 and -0 are."""
    points = np.array([[1.0, 0], [1, 0], [0, 1], [1, -0.0], [0, 1], [0.5, 0.5]])
    assert ready(points).copies.tolist() == [0, 1, 0, 2, 1, 0]


@pytest.mark.parametrize("scale", [1e-22, 1e-3, 1e12])
@pytest.mark.parametrize("d", [1, 3, 200])
def test_outliers_offsets_and_scales(d, scale):
    """Clusters, points far outside and questions from outside: where float32 resolves little, all the same neighbours."""
    rng = np.random.default_rng(d)
    among = rng.normal(size=(900, d)) * rng.choice([0.01, 1, 1000], size=(900, 1)) + rng.choice([0, 7], size=(900, 1))
    x = np.concatenate([among[:20], rng.normal(size=(20, d)), 1e5 * rng.normal(size=(4, d))])
    assert told(nearest(x * scale, 9, among * scale)) == sorted_out(x * scale, 9, among * scale)


def test_a_point_that_is_not_a_number_is_nobodys_neighbour_before_the_others():
    rng = np.random.default_rng(0)
    among = rng.normal(size=(300, 3))
    among[4] = np.nan
    assert 4 not in nearest(among[5:9], 290, among).rows
    assert nearest(among[5:9], 300, among).rows[:, -1].tolist() == [4] * 4
    for k in (5, 299):
        own = nearest(among, k).rows
        assert (own != np.arange(300)[:, None]).all() and 4 not in own[5:, :298]
