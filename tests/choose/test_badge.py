"""badge: rank-one arithmetic equals gradients written out; duplicates; the length of a gradient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.choose.badge import Badge, gradients, spread, to_gradient
from tutelage.core.rng import stream


def written_out(p, h):
    a = p.astype(float) - np.eye(p.shape[1])[p.argmax(1)]
    return (a[:, :, None] * h[:, None, :].astype(float)).reshape(len(p), -1)


def made(seed, n=15, classes=4, width=5):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(classes), n).astype(np.float32), rng.normal(size=(n, width)).astype(np.float32)


def test_by_hand(ask):
    """p = (3/4, 1/4), h = 2: a = (-1/4, 1/4), |g| = sqrt(1/8) 2 = 0.7071. p = (1/2, 1/2), h = 3: sqrt(1/2) 3 = 2.1213.

    p = (1, 0): 0. The distance of the first two, both guessing class 0: g = (-1/2, 1/2) and (-3/2, 3/2), squared 2.
    """
    seen = ask([[0.75, 0.25], [0.5, 0.5], [1, 0]], [2, 3, 7])
    chosen = Badge(first="largest").choose(seen, 2, stream(0, "c"))
    assert chosen.scores == pytest.approx([8**-0.5 * 2, 2**-0.5 * 3, 0], abs=1e-6)
    assert chosen.rows[0] == 1
    g = gradients(seen.student.probs(seen.pool), seen.student.embed(seen.pool))
    assert to_gradient(g, 0) == pytest.approx([0, 2, 0.5], abs=1e-6)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 300), st.integers(1, 6), st.integers(1, 6))
def test_rank_one_distances_equal_those_of_the_gradients_written_out(seed, classes, width):
    p, h = made(seed, 12, classes, width)
    g, full = gradients(p, h), written_out(p, h)
    assert g.squares == pytest.approx((full**2).sum(1), rel=1e-4, abs=1e-6)
    for row in range(12):
        true = ((full - full[row]) ** 2).sum(1)
        assert to_gradient(g, row) == pytest.approx(true, rel=1e-2, abs=1e-6)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 100))
def test_the_same_draws_as_k_means_seeding_on_the_gradients_written_out(seed):
    p, h = made(seed)
    full, rng = written_out(p, h), stream(seed, "c")
    picks = [int(rng.integers(15))]
    while len(picks) < 6:
        away = ((full[:, None] - full[None, picks]) ** 2).sum(-1).min(1)
        total = np.cumsum(away)
        picks.append(int(np.searchsorted(total, rng.random() * total[-1], side="right")))
    assert spread(gradients(p, h), 6, False, stream(seed, "c")).tolist() == picks


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 100))
def test_a_duplicate_is_never_drawn_while_another_gradient_is_left(seed):
    """Five examples four times, one pair of them nearly equal: five picks are the five."""
    p, h = made(seed, 5)
    h[4], p[4] = h[3] + np.float32(1e-3), p[3]
    rows = spread(gradients(np.tile(p, (4, 1)), np.tile(h, (4, 1))), 9, False, stream(seed, "c"))
    assert sorted((rows % 5).tolist()) == list(range(5))  # and no sixth: the others have mass 0


def test_neutral_limit_a_student_certain_of_everything_makes_it_uniform(ask):
    seen = ask(np.eye(3)[[0, 1, 2, 0, 1]], np.arange(5.0))
    rng = stream(0, "c")
    chosen = [Badge().choose(seen, 2, rng).rows.tolist() for _ in range(1000)]
    assert all(len(set(rows)) == 2 for rows in chosen)
    counts = np.bincount(np.concatenate(chosen), minlength=5)
    assert (np.abs(counts - 400) < 80).all(), counts


def test_no_classes_yet(ask):
    assert len(set(Badge().choose(ask(np.zeros((6, 0)), np.arange(6.0)), 3, stream(0, "c")).rows.tolist())) == 3


def test_the_more_doubt_the_longer_the_gradient(ask):
    sure = np.linspace(0.5, 1, 8)
    chosen = Badge().choose(ask(np.stack([sure, 1 - sure], 1), np.ones(8)), 1, stream(0, "c"))
    assert (np.diff(chosen.scores) < 0).all()
