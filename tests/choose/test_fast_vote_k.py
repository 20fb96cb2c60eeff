"""fast_vote_k: five examples by hand, equal to votes counted with fractions, ties, duplicates, labelled examples."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutelage.choose.fast_vote_k import WHOLE, FastVoteK, ballot, elect
from tutelage.core.rng import stream

# who is near whom: 0 -> 1 2, 1 -> 2 0, 2 -> 1 3, 3 -> 2 4, 4 -> 3 2
FIVE = np.array([[1, 2], [2, 0], [1, 3], [2, 4], [3, 2]])


def on_circle(degrees):
    radians = np.radians(np.asarray(degrees, dtype=float))
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


def counted(near, taken, discount):
    """Every score afresh, in fractions."""
    n, k = near.shape
    scores = [Fraction(0)] * n
    for v in range(n):
        if v not in taken:
            heard = len(set(near[v].tolist()) & set(taken))
            for u in near[v].tolist():
                scores[u] += Fraction(1) / Fraction(discount) ** heard
    return scores


def test_five_examples_by_hand():
    """Votes 1 2 4 2 1: 2 is elected. It votes no more; 0, 1, 3 and 4, who all voted for it, count 1/10 from now on.

    0 is voted for by 1; 1 by 0 and, no more, by 2; 3 by 4 and, no more, by 2; 4 by 3: 0.1 each; 2 has 0.4. After 1 as
    well, 0 counts 1/100 and 1 nothing: 0 has none left, 1 has 0.01, 2 has 0.01 + 0.1 + 0.1, 3 and 4 have 0.1.
    """
    to = ballot(FIVE)
    assert (to.votes / WHOLE).tolist() == [1, 2, 4, 2, 1]
    elect(to, 2, 10)
    assert to.votes / WHOLE == pytest.approx([0.1, 0.1, 0.4, 0.1, 0.1], abs=1e-9)
    elect(to, 1, 10)
    assert to.votes / WHOLE == pytest.approx([0, 0.01, 0.21, 0.1, 0.1], abs=1e-9)


def test_the_same_from_embeddings(ask):
    """At 0, 10, 21, 33 and 46 degrees the two nearest are 1 2 | 0 2 | 1 3 | 2 4 | 3 2: votes 1 2 4 2 1."""
    chosen = FastVoteK(neighbours=2).choose(ask(at=on_circle([0, 10, 21, 33, 46])), 1, stream(0, "c"))
    assert chosen.rows.tolist() == [2]
    assert chosen.scores == pytest.approx([0.1, 0.1, 4, 0.1, 0.1], abs=1e-9)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 500), st.integers(1, 14), st.integers(1, 5), st.sampled_from([1, 2, 10]))
def test_equal_votes_counted_in_fractions(seed, n, k, discount):
    rng = np.random.default_rng(seed)
    near = np.stack([rng.permutation(np.delete(np.arange(15), i))[:k] for i in range(15)])
    to, taken = ballot(near), []
    for row in rng.permutation(15)[:n].tolist():
        elect(to, row, discount)
        taken.append(row)
        true = counted(near, taken, discount)
        assert to.votes / WHOLE == pytest.approx([float(score) for score in true], abs=1e-10)
        assert len(set(to.votes.tolist())) <= len(set(true))  # equal scores stay equal


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # `ask` keeps nothing
@given(st.integers(0, 200), st.integers(0, 4), st.integers(1, 6), st.integers(1, 9))
def test_every_pick_has_the_most_votes(ask, seed, labelled, k, n):
    rng = np.random.default_rng(seed)
    at = rng.normal(size=(20, 3)).astype(np.float32)
    held = np.sort(rng.permutation(20)[:labelled])
    rest = np.setdiff1d(np.arange(20), held)
    u = at / np.linalg.norm(at, axis=1, keepdims=True)
    cosines = u.astype(float) @ u.T
    np.fill_diagonal(cosines, -np.inf)
    near = np.argsort(-cosines, axis=1)[:, :k]
    chosen = FastVoteK(neighbours=k).choose(ask(at=at, held=held), n, stream(seed, "c"))
    taken = held.tolist()
    for row in rest[chosen.rows].tolist():
        scores = counted(near, taken, 10)
        assert scores[row] == max(scores[free] for free in rest.tolist() if free not in taken)
        taken.append(row)


def test_without_discount_the_most_named_come_first(ask):
    """Discount 1: a vote keeps its weight until its owner is chosen."""
    chosen = FastVoteK(neighbours=2, discount=1).choose(ask(at=on_circle([0, 10, 21, 33, 46])), 1, stream(0, "c"))
    assert chosen.scores == pytest.approx([1, 1, 4, 1, 1], abs=1e-9)


def test_groups_take_turns(ask):
    """Groups of 12, 10 and 8: one of each first, the largest first."""
    group = np.repeat([0, 1, 2], [12, 10, 8])
    at = np.eye(3)[group] * 5 + np.random.default_rng(0).normal(size=(30, 3)) * 0.1
    chosen = FastVoteK(neighbours=7).choose(ask(at=at), 3, stream(0, "c"))
    assert sorted(group[chosen.rows].tolist()) == [0, 1, 2]


@pytest.mark.parametrize(("at", "neighbours"), [(np.ones((6, 3)), 2), (on_circle([0, 7, 30, 80, 100, 180]), 99)])
def test_neutral_limit_alike_or_everybody_near_it_is_uniform(ask, at, neighbours):
    seen = ask(at=at)
    rng = stream(0, "c")
    chosen = [FastVoteK(neighbours=neighbours).choose(seen, 2, rng).rows.tolist() for _ in range(600)]
    assert all(len(set(rows)) == 2 for rows in chosen)
    counts = np.bincount(np.concatenate(chosen), minlength=6)
    assert (np.abs(counts - 200) < 60).all(), counts
