"""The neighbour graph by cosine: directions, not lengths; duplicates; points at the origin; symmetric forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.core.rng import stream
from tutelage.kit.graph import both, directed, either, fans, like, units


def at_angles(degrees, lengths=1.0):
    radians = np.radians(np.asarray(degrees, dtype=float))
    return (np.stack([np.cos(radians), np.sin(radians)], axis=1) * np.reshape(lengths, (-1, 1))).astype(np.float32)


def test_by_hand():
    """At 0, 20, 50 and 90 degrees, of any length: the nearest are 20, 0, 20 and 50; cos 20 = 0.940, cos 30 = 0.866."""
    found = like(at_angles([0, 20, 50, 90], [1, 300, 0.01, 7]), 1, stream(0, "t"))
    assert found.rows.ravel().tolist() == [1, 0, 1, 2]
    assert found.cosines.ravel() == pytest.approx([0.93969, 0.93969, 0.86603, 0.76604], abs=1e-4)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 200), st.integers(2, 25), st.integers(1, 6), st.integers(1, 30))
def test_equal_obvious_code(seed, n, d, k):
    x = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    u = x.astype(float) / np.linalg.norm(x.astype(float), axis=1, keepdims=True)
    cosines = u @ u.T
    np.fill_diagonal(cosines, -np.inf)
    found = like(x, k, stream(seed, "t"))
    assert found.rows.shape == (n, min(k, n - 1))
    assert (found.rows != np.arange(n)[:, None]).all()
    assert found.cosines == pytest.approx(-np.sort(-cosines, axis=1)[:, : min(k, n - 1)], abs=1e-5)
    assert found.cosines == pytest.approx(np.take_along_axis(cosines, found.rows, axis=1), abs=1e-5)


def test_the_shortest_and_the_longest_vectors_have_a_direction():
    u = units(np.array([[1e-30, 0], [0, 3e38]], dtype=np.float32))
    assert u == pytest.approx(np.eye(2))


def test_points_at_the_origin_are_like_one_another_and_like_nothing_else():
    u = units(np.array([[0.0, 0], [2, 0], [0, 0]]))
    assert u @ u.T == pytest.approx(np.array([[1.0, 0, 1], [0, 1, 0], [1, 0, 1]]))


def test_of_many_duplicates_none_is_everybodys_neighbour():
    """Forty equal points, three neighbours each: who is named most changes with luck."""
    tops = {int(np.bincount(like(np.ones((40, 3)), 3, stream(s, "t")).rows.ravel()).argmax()) for s in range(30)}
    assert len(tops) > 10


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 99), st.integers(1, 20), st.integers(0, 4))
def test_fans_are_the_edges_that_end_there(seed, n, k):
    rows = np.random.default_rng(seed).integers(0, n, (n, k))
    ends = fans(rows)
    for point in range(n):
        assert ends.of(point).tolist() == np.flatnonzero(rows.ravel() == point).tolist()


def test_symmetric_forms_by_hand():
    """0 -> 1 (0.5), 1 -> 2 (0.7), 2 -> 1 (0.9): either way 0-1 0.5 and 1-2 0.9; both ways only 1-2, 0.7."""
    graph = directed(np.array([[1], [2], [1]]), np.array([[0.5], [0.7], [0.9]]))
    assert graph.toarray() == pytest.approx(np.array([[0, 0.5, 0], [0, 0, 0.7], [0, 0.9, 0]]))
    assert either(graph).toarray() == pytest.approx(np.array([[0, 0.5, 0], [0.5, 0, 0.9], [0, 0.9, 0]]))
    assert both(graph).toarray() == pytest.approx(np.array([[0, 0, 0], [0, 0, 0.7], [0, 0.7, 0]]))
    assert both(graph).nnz == 2
