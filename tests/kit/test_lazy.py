"""Lazy greedy takes what plain greedy takes, with fewer evaluations, ties included."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.core.rng import stream
from tutelage.kit.lazy import lazy_greedy


class Coverage:
    """f(S) = the weight of everything that some set in S holds; counts how many gains were asked for."""

    def __init__(self, sets, weights):
        self.sets, self.weights, self.left, self.asked = sets, weights, np.ones(sets.shape[1], dtype=bool), 0

    def gains(self, rows):
        self.asked += len(rows)
        return (self.sets[rows] & self.left) @ self.weights

    def take(self, row):
        self.left &= ~self.sets[row]


def made(seed, many=12, items=15, weighted=True, share=0.3):
    rng = np.random.default_rng(seed)
    return Coverage(rng.random((many, items)) < share, rng.integers(1, 5, items) if weighted else np.ones(items, int))


def lazily(game, n, rng):
    return lazy_greedy(game.gains(np.arange(len(game.sets))), n, game.gains, game.take, rng)


def test_by_hand():
    """Sets 123, 345, 45, 6: first 123 or 345, then what is left of the other two: 45 (2) or 12 (2), then 6 (1)."""
    sets = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 0, 1]], dtype=bool)
    taken = lazily(Coverage(sets, np.ones(6, int)), 4, stream(0, "t"))
    assert taken.gains.tolist() == [3, 2, 1]  # the fourth would gain nothing
    assert taken.rows[0] in (0, 1) and taken.rows[2] == 3


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 500), st.integers(1, 12), st.booleans())
def test_equal_plain_greedy_with_the_same_luck(seed, n, weighted):
    game, plain = made(seed, weighted=weighted), made(seed, weighted=weighted)
    luck = stream(seed, "t").permutation(12)
    rows, free = [], set(range(12))
    for _ in range(n):
        gains = plain.gains(np.arange(12))
        row = min(free, key=lambda r: (-gains[r], luck[r]))
        if gains[row] == 0:
            break
        rows.append(row)
        free.remove(row)
        plain.take(row)
    taken = lazily(game, n, stream(seed, "t"))
    assert taken.rows.tolist() == rows


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 200), st.integers(1, 4))
def test_within_1_minus_1_over_e_of_the_best(seed, n):
    game = made(seed, many=9)
    best = max(int(game.sets[list(rows)].any(axis=0) @ game.weights) for rows in combinations(range(9), n))
    assert lazily(game, n, stream(seed, "t")).gains.sum() >= (1 - 1 / np.e) * best


def test_few_gains_are_evaluated():
    """A thousand sets, fifty picks: plain greedy would ask 50,000 times."""
    game = made(0, many=1000, items=4000, share=0.01)
    assert len(lazily(game, 50, stream(0, "t")).rows) == 50
    assert game.asked < 10_000


def test_equal_gains_are_taken_in_random_order():
    same = np.eye(5, dtype=bool)
    firsts = [lazily(Coverage(same, np.ones(5, int)), 1, stream(s, "t")).rows[0] for s in range(500)]
    counts = np.bincount(firsts, minlength=5)
    assert counts == pytest.approx(np.full(5, 100), abs=40)


def test_no_candidates():
    assert lazy_greedy(np.zeros(0), 3, lambda rows: rows, lambda row: None, stream(0, "t")).rows.tolist() == []
