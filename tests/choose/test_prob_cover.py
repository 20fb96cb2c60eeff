"""prob_cover: counts by hand, equal to greedy coverage of all pairs, within 1 - 1/e, what is labelled is covered."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.choose.prob_cover import ProbCover, covering
from tutelage.core.rng import stream
from tutelage.kit import distances


def balls(x, y, radius2):
    apart = np.asarray(x)[:, None] - np.asarray(y)[None]
    return np.einsum("ijk,ijk->ij", apart, apart) < np.float32(radius2)


def test_by_hand(ask):
    """0 1 2 | 10 11 with radius 1.5: the balls hold 2 3 2 | 2 2. First 1; then 10 or 11; everything is covered."""
    chosen = ProbCover(delta=1.5).choose(ask(at=[0, 1, 2, 10, 11]), 2, stream(0, "c"))
    assert chosen.rows[0] == 1 and chosen.rows[1] in (3, 4)
    assert chosen.scores[chosen.rows].tolist() == [3, 2]
    assert np.delete(chosen.scores, chosen.rows).tolist() == [0, 0, 0]


def test_the_ball_is_open(ask):
    """0 1 2 with radius 1: nobody holds another."""
    assert ProbCover(delta=1.0).choose(ask(at=[0, 1, 2]), 1, stream(0, "c")).scores.max() == 1


def test_what_lies_near_a_labelled_example_is_covered_already(ask):
    """0 1 2 3 | 10 11, 1 labelled, radius 1.5: 0 and 2 are covered; 3 alone is left there, so 10 or 11 (2) comes first."""
    seen = ask(at=[0, 1, 2, 3, 10, 11], held=[1])
    chosen = ProbCover(delta=1.5).choose(seen, 2, stream(0, "c"))
    assert chosen.rows[0] in (3, 4)
    assert chosen.rows[1] in (1, 2)  # 2 and 3 both cover 3
    assert chosen.scores[chosen.rows].tolist() == [2, 1]


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 500), st.integers(0, 3), st.integers(1, 10), st.floats(0.3, 3.0))
def test_every_pick_is_a_best_one_of_all_pairs(seed, labelled, n, delta):
    rng = np.random.default_rng(seed)
    x, held = rng.normal(size=(20, 3)).astype(np.float32), rng.normal(size=(labelled, 3)).astype(np.float32)
    picks, scores = covering(x, held, delta**2, n, stream(seed, "t"))
    within = balls(x, x, delta**2)
    bare = ~balls(x, held, delta**2).any(axis=1)
    for row in picks:
        counts = within[:, bare].sum(axis=1)
        assert counts[row] == counts.max() == scores[row] > 0
        bare &= ~within[row]
    assert len(picks) == n or not bare.any()
    rest = np.setdiff1d(np.arange(20), picks)
    assert scores[rest].tolist() == within[:, bare].sum(axis=1)[rest].tolist()


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 200), st.integers(1, 4))
def test_within_1_minus_1_over_e_of_the_best(seed, n):
    x = np.random.default_rng(seed).normal(size=(9, 2)).astype(np.float32)
    within = balls(x, x, 1.0)
    best = max(within[list(rows)].any(axis=0).sum() for rows in combinations(range(9), n))
    picks, _ = covering(x, np.zeros((0, 2), np.float32), 1.0, n, stream(seed, "t"))
    assert within[picks].any(axis=0).sum() >= (1 - 1 / np.e) * best


def test_blocks_change_nothing(monkeypatch):
    x = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
    whole = covering(x, x[:0], 0.5, 40, stream(0, "t"))
    monkeypatch.setattr(distances, "BLOCK", 1)  # 64 rows at a time
    parts = covering(x, x[:0], 0.5, 40, stream(0, "t"))
    assert whole[0] == parts[0] and whole[1].tolist() == parts[1].tolist()


def test_the_radius_keeps_groups_apart(ask):
    """Four groups of 25 far apart, as many clusters: a pure ball reaches no other group, and covers all of its own."""
    rng = np.random.default_rng(0)
    at = np.repeat(np.eye(4) * 30, 25, axis=0) + rng.normal(size=(100, 4))
    chosen = ProbCover(clusters=4, purity=1.0).choose(ask(at=at), 4, stream(0, "c"))
    assert sorted((chosen.rows // 25).tolist()) == [0, 1, 2, 3]
    assert chosen.scores[chosen.rows].tolist() == [25, 25, 25, 25]


def test_as_many_clusters_as_labels_are_known(ask):
    """Three labels known, three groups: pure balls are as wide as with clusters=3, wider than with 2 or 9."""
    at = np.repeat(np.eye(3) * 30, 10, axis=0) + np.random.default_rng(1).normal(size=(30, 3))
    scores = {
        clusters: ProbCover(clusters=clusters).choose(ask(at=at, labels=3), 3, stream(0, "c")).scores.tolist()
        for clusters in (None, 3, 9)
    }
    assert scores[None] == scores[3] != scores[9]


def test_few_probes_are_enough(ask):
    at = np.repeat(np.eye(4) * 30, 25, axis=0) + np.random.default_rng(0).normal(size=(100, 4))
    chosen = ProbCover(clusters=4, probes=10).choose(ask(at=at), 4, stream(0, "c"))
    assert sorted((chosen.rows // 25).tolist()) == [0, 1, 2, 3]


def test_duplicates_are_covered_by_one(ask):
    """Five points four times, balls that hold their duplicates alone: the first five picks are the five points."""
    chosen = ProbCover(delta=0.5).choose(ask(at=np.tile(np.arange(5.0), 4)), 8, stream(0, "c"))
    assert sorted((chosen.rows[:5] % 5).tolist()) == [0, 1, 2, 3, 4]
    assert chosen.scores[chosen.rows].tolist() == [4, 4, 4, 4, 4, 0, 0, 0]


@pytest.mark.parametrize(("at", "delta"), [(np.ones((5, 3)), None), (np.arange(5.0), 0.1)])
def test_neutral_limit_alike_or_alone_it_is_uniform(ask, at, delta):
    seen = ask(at=at)
    rng = stream(0, "c")
    chosen = [ProbCover(delta=delta).choose(seen, 2, rng).rows.tolist() for _ in range(600)]
    assert all(len(set(rows)) == 2 for rows in chosen)
    counts = np.bincount(np.concatenate(chosen), minlength=5)
    assert (np.abs(counts - 240) < 60).all(), counts
