"""facility_location: gains by hand, equal to greedy on all pairs, both ways the same, within 1 - 1/e of the best."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutelage.choose.facility_location import STEP, FacilityLocation, among_all, on_graph, served, steps
from tutelage.core.rng import stream
from tutelage.kit.graph import like, units


def on_circle(degrees):
    radians = np.radians(np.asarray(degrees, dtype=float))
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


def likeness(at, others=None):
    u, v = units(at).astype(float), units(at if others is None else others).astype(float)
    return np.maximum(u @ v.T, 0)


def test_by_hand(ask):
    """At 0, 60 and 90 degrees: cos 60 = 1/2, cos 30 = 0.866, cos 90 = 0. f = 1.5, 2.366, 1.866: 60 first.

    Then 0 adds 1 - 1/2, and 90 adds 1 - 0.866.
    """
    chosen = FacilityLocation().choose(ask(at=on_circle([0, 60, 90])), 2, stream(0, "c"))
    assert chosen.rows.tolist() == [1, 0]
    assert chosen.scores == pytest.approx([0.5, 2.3660254, np.nan], abs=3e-6, nan_ok=True)


def test_what_is_labelled_serves_already(ask):
    """60 labelled: 0 adds 1/2, 90 adds 0.134."""
    chosen = FacilityLocation().choose(ask(at=on_circle([0, 60, 90]), held=[1]), 1, stream(0, "c"))
    assert chosen.rows.tolist() == [0]
    assert chosen.scores[0] == pytest.approx(0.5, abs=3e-6)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # `ask` keeps nothing
@given(st.integers(0, 300), st.integers(0, 4), st.integers(1, 10), st.sampled_from([0, 99]))
def test_every_pick_is_a_best_one_of_all_pairs(ask, seed, labelled, n, dense):
    """On both ways: the graph joins everybody, so it has the similarity of all pairs."""
    rng = np.random.default_rng(seed)
    at = rng.normal(size=(18, 3)).astype(np.float32)
    held = np.sort(rng.permutation(18)[:labelled])
    rest = np.setdiff1d(np.arange(18), held)
    chosen = FacilityLocation(dense=dense, neighbours=99).choose(ask(at=at, held=held), n, stream(seed, "c"))
    sims = likeness(at[rest])
    by = likeness(at[rest], at[held]).max(axis=1, initial=0)
    for row in chosen.rows[np.isfinite(chosen.scores[chosen.rows])].tolist():
        gains = np.maximum(sims - by, 0).sum(axis=1)
        assert gains[row] == pytest.approx(gains.max(), abs=1e-4)
        assert chosen.scores[row] == pytest.approx(gains[row], abs=1e-4)
        by = np.maximum(by, sims[row])


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 200), st.integers(1, 4))
def test_within_1_minus_1_over_e_of_the_best(seed, n):
    at = np.random.default_rng(seed).normal(size=(9, 2)).astype(np.float32)
    sims = likeness(at)
    best = max(sims[list(rows)].max(axis=0).sum() for rows in combinations(range(9), n))
    taken = among_all(units(at), np.zeros(9, np.float32), n, stream(seed, "t"))
    assert taken.gains.sum() / STEP == pytest.approx(sims[taken.rows].max(axis=0).sum(), abs=1e-4)
    assert taken.gains.sum() / STEP >= (1 - 1 / np.e) * best - 1e-4


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 200), st.integers(1, 6), st.integers(1, 12))
def test_every_pick_on_a_graph_is_a_best_one_of_its_edges(seed, k, n):
    at = np.random.default_rng(seed).normal(size=(18, 3)).astype(np.float32)
    near = like(at, k, stream(seed, "t"))
    sims = np.eye(18)
    np.put_along_axis(sims, near.rows, np.maximum(near.cosines, 0), axis=1)  # row x, column s
    taken = on_graph(near.rows, near.cosines, np.zeros(18, np.float32), n, stream(seed, "t"))
    by = np.zeros(18)
    for row, gain in zip(taken.rows, taken.gains / STEP, strict=True):
        gains = np.maximum(sims - by[:, None], 0).sum(axis=0)
        assert gain == pytest.approx(gains[row], abs=1e-4)
        assert gain == pytest.approx(gains.max(), abs=1e-4)
        by = np.maximum(by, sims[:, row])


def test_served_takes_the_most_similar():
    u = units(on_circle([0, 60, 90]))
    assert served(u, u[[0, 2]]) / STEP == pytest.approx([1, 0.8660254, 1], abs=3e-6)
    assert served(u, u[:0]).tolist() == [0, 0, 0]


def test_duplicates_wait(ask):
    """Six directions five times: six picks are the six, and nothing is left to gain."""
    chosen = FacilityLocation().choose(ask(at=np.tile(np.eye(6), (5, 1))), 8, stream(0, "c"))
    assert sorted((chosen.rows[:6] % 6).tolist()) == list(range(6))
    assert np.isfinite(chosen.scores).sum() == 6


@pytest.mark.parametrize("dense", [0, 99])
def test_neutral_limit_where_every_example_embeds_alike_it_is_uniform(ask, dense):
    seen = ask(at=np.ones((5, 3)))
    rng = stream(0, "c")
    chooser = FacilityLocation(dense=dense, neighbours=2)
    chosen = [chooser.choose(seen, 2, rng).rows.tolist() for _ in range(600)]
    assert all(len(set(rows)) == 2 for rows in chosen)
    counts = np.bincount(np.concatenate(chosen), minlength=5)
    assert (np.abs(counts - 240) < 60).all(), counts


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 200), st.integers(1, 20))
def test_gains_kept_are_the_gains_summed_afresh(seed, n):
    """To the last step, with every point there twice."""
    u = units(np.repeat(np.random.default_rng(seed).normal(size=(10, 4)), 2, axis=0))
    taken = among_all(u, np.zeros(20, np.float32), n, stream(seed, "t"))
    sims, by = steps(u @ u.T), np.zeros(20)
    for row, gain in zip(taken.rows, taken.gains, strict=True):
        gains = np.maximum(sims - by[:, None], 0).sum(axis=0, dtype=np.float64)
        assert gain == gains[row] == gains.max()
        by = np.maximum(by, sims[:, row])
    assert len(taken.rows) == n or np.maximum(sims - by[:, None], 0).max() == 0
