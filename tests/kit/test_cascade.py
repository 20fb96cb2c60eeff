"""Influence: worlds enumerated, the closed form of a chain, cascades with the same coins, submodularity, direction."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.core.rng import stream
from tutelage.kit import cascade
from tutelage.kit.cascade import activate, gains, influence, worlds


def exact(rows, chances, seeds):
    """The expected number reached, over all 2^|edges| worlds."""
    edges = [(i, int(j), float(p)) for i in range(len(rows)) for j, p in zip(rows[i], chances[i], strict=True) if p > 0]
    total = 0.0
    for kept in product([0, 1], repeat=len(edges)):
        weight = np.prod([p if on else 1 - p for on, (_, _, p) in zip(kept, edges, strict=True)])
        active = set(seeds)
        for _ in edges:
            active |= {j for on, (i, j, _) in zip(kept, edges, strict=True) if on and i in active}
        total += weight * len(active)
    return total


def cascaded(of, coins, seeds):
    """Independent cascades as they are told: each newly active point tries each successor once, with these coins."""
    rows, chances, world = of
    active, newly = set(seeds), list(seeds)
    while newly:
        reached = []
        for v in newly:
            for place, w in enumerate(rows[v]):
                if int(w) not in active and coins[world][v, place] < chances[v, place]:
                    active.add(int(w))
                    reached.append(int(w))
        newly = reached
    return len(active)


def drawn(seed, n=8, k=3):
    rng = np.random.default_rng(seed)
    rows = np.stack([rng.permutation(np.delete(np.arange(n), i))[:k] for i in range(n)])
    return rows, rng.random((n, k)) * 0.6


def test_a_chain_has_a_closed_form():
    """a -> b -> c with 1/2 and 1/4: f(a) = 1 + 1/2 + 1/8, f(b) = 1 + 1/4, f(a, c) = 2 + 1/2."""
    rows, chances = np.array([[1], [2], [0]]), np.array([[0.5], [0.25], [0]])
    many = worlds(rows, chances, 20_000, stream(0, "t"))
    assert exact(rows, chances, [0]) == pytest.approx(1.625)
    for seeds, true in ([0], 1.625), ([1], 1.25), ([2], 1), ([0, 2], 2.5):
        assert influence(many, np.array(seeds)) == pytest.approx(true, abs=4 * 0.9 / 20_000**0.5)


@settings(deadline=None, max_examples=25)  # a busy machine is no failure
@given(st.integers(0, 500), st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True))
def test_many_worlds_agree_with_all_worlds(seed, seeds):
    rng = np.random.default_rng(seed)
    rows = np.array([[1], [2], [3], [0]])[rng.permutation(4)]
    rows = np.where(rows == np.arange(4)[:, None], (rows + 1) % 4, rows)
    chances = rng.random((4, 1))
    found = influence(worlds(rows, chances, 4_000, stream(seed, "t")), np.array(seeds))
    assert found == pytest.approx(exact(rows, chances, seeds), abs=4 * 1.5 / 4_000**0.5)  # sd at most half of 1 .. 4


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 200), st.lists(st.integers(0, 7), min_size=1, max_size=4, unique=True))
def test_what_is_reached_is_what_cascades_activate_with_the_same_coins(seed, seeds):
    rows, chances = drawn(seed)
    rng = stream(seed, "t")
    coins = [rng.random(rows.shape) for _ in range(5)]
    true = np.mean([cascaded((rows, chances, world), coins, seeds) for world in range(5)])
    assert influence(worlds(rows, chances, 5, stream(seed, "t")), np.array(seeds)) == pytest.approx(true)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 300), st.data())
def test_monotone_and_submodular_and_gains_are_differences(seed, data):
    rows, chances = drawn(seed)
    many = worlds(rows, chances, 4, stream(seed, "t"))
    small = set(data.draw(st.lists(st.integers(0, 7), max_size=3)))
    large = small | set(data.draw(st.lists(st.integers(0, 7), max_size=3)))

    def f(rows):
        return influence(many, np.array(sorted(rows), dtype=np.int64))

    active = np.zeros(many.nodes, dtype=bool)
    activate(many, np.array(sorted(small), dtype=np.int64), active)
    found = gains(many, np.arange(8), active) / 4
    for v in range(8):
        assert f(large | {v}) >= f(large)
        assert f(small | {v}) - f(small) >= f(large | {v}) - f(large) - 1e-9
        assert found[v] == pytest.approx(f(small | {v}) - f(small))


def test_sources_followed_one_at_a_time_give_the_same(monkeypatch):
    rows, chances = drawn(3, n=40, k=4)
    whole = worlds(rows, chances, 6, stream(0, "t"))
    monkeypatch.setattr(cascade, "TAGS", 1)
    single = worlds(rows, chances, 6, stream(0, "t"))
    assert len(single.tags) == single.nodes < len(whole.tags)
    nobody = np.zeros(whole.nodes, dtype=bool)
    assert gains(whole, np.arange(40), nobody).tolist() == gains(single, np.arange(40), nobody).tolist()
    assert (whole.tags == -1).all() and (single.tags == -1).all()


def test_edges_have_a_direction():
    """A star whose centre points at the leaves: the centre reaches all, a leaf itself."""
    rows, chances = np.array([[1, 2, 3]] + [[0, 0, 0]] * 3), np.array([[1.0, 1, 1]] + [[0.0] * 3] * 3)
    star = worlds(rows, chances, 3, stream(0, "t"))
    assert (gains(star, np.arange(4), np.zeros(12, dtype=bool)) / 3).tolist() == [4, 1, 1, 1]


def test_nobody_reaches_nobody():
    star = worlds(np.zeros((2, 0), dtype=np.int64), np.zeros((2, 0)), 2, stream(0, "t"))
    assert influence(star, np.zeros(0, dtype=np.int64)) == 0
    assert influence(star, np.array([1])) == 1
    assert gains(star, np.zeros(0, dtype=np.int64), np.zeros(4, dtype=bool)).tolist() == []
