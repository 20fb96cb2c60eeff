"""ideal: probabilities by hand, equal to plain greedy over the same worlds, cliques, direction, labelled examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutelage.choose.ideal import Ideal
from tutelage.core.rng import stream
from tutelage.kit.cascade import chances, influence, worlds
from tutelage.kit.graph import like


def on_circle(degrees):
    radians = np.radians(np.asarray(degrees, dtype=float))
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


def test_chances_by_hand():
    """Cosines 0.6 and 0.2: 3/4 and 1/4. A negative one counts as 0; where all are negative there is no edge."""
    found = chances(np.array([[0.6, 0.2], [0.5, -0.5], [-0.1, -0.9]], dtype=np.float32))
    assert found == pytest.approx(np.array([[0.75, 0.25], [1, 0], [0, 0]]))


def test_by_hand(ask):
    """At 0, 10, 21 and 33 degrees with one neighbour every edge is certain: 0 <-> 10, 21 -> 10, 33 -> 21.

    From 33 everything is reached (4), from 21 three, from 0 and 10 two.
    """
    chosen = Ideal(neighbours=1, cascades=1).choose(ask(at=on_circle([0, 10, 21, 33])), 1, stream(0, "c"))
    assert chosen.rows.tolist() == [3]
    assert chosen.scores == pytest.approx([np.nan, np.nan, np.nan, 4], nan_ok=True)


def test_what_is_labelled_is_active_already(ask):
    """21 labelled: it has activated 0 and 10. Only 33 can still be reached, from itself."""
    chosen = Ideal(neighbours=1).choose(ask(at=on_circle([0, 10, 21, 33]), held=[2]), 1, stream(0, "c"))
    assert chosen.rows.tolist() == [2]
    assert chosen.scores[2] == 1


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # `ask` keeps nothing
@given(st.integers(0, 200), st.integers(0, 4), st.integers(1, 8), st.integers(1, 5))
def test_every_pick_is_a_best_one_over_the_same_worlds(ask, seed, labelled, n, k):
    """Plain greedy, each influence worked out from the start."""
    rng = np.random.default_rng(seed)
    at = rng.normal(size=(16, 3)).astype(np.float32)
    held = np.sort(rng.permutation(16)[:labelled])
    rest = np.setdiff1d(np.arange(16), held)
    luck = stream(seed, "c")
    near = like(at[[*held, *rest]], k, luck)
    those = worlds(near.rows, chances(near.cosines), 10, luck)
    chosen = Ideal(neighbours=k).choose(ask(at=at, held=held), n, stream(seed, "c"))
    taken = list(range(labelled))
    for row in chosen.rows[np.isfinite(chosen.scores[chosen.rows])].tolist():
        before = influence(those, np.array(taken, dtype=np.int64))
        reach = [influence(those, np.array([*taken, labelled + free])) - before for free in range(len(rest))]
        assert reach[row] == pytest.approx(max(reach))
        assert chosen.scores[row] == pytest.approx(reach[row])
        taken.append(labelled + row)


def test_the_first_picks_hit_different_cliques(ask):
    at = np.repeat(np.eye(5) * 10, 8, axis=0) + np.random.default_rng(0).normal(size=(40, 5)) * 0.1
    chosen = Ideal(neighbours=7).choose(ask(at=at), 5, stream(0, "c"))
    assert sorted((chosen.rows // 8).tolist()) == [0, 1, 2, 3, 4]


def test_more_influence_than_random_sets(ask):
    """120 points around six centres, six picks, sixty random sets, the same 200 fresh worlds for all.

    Ten cascades, as in the paper, fit their ten worlds: better than the mean. Three hundred: better than nine in ten.
    """
    rng = np.random.default_rng(0)
    at = (rng.normal(size=(6, 4)) * 2)[rng.integers(6, size=120)] + rng.normal(size=(120, 4))
    near = like(at, 10, stream(0, "t"))
    fresh = worlds(near.rows, chances(near.cosines), 200, stream(1, "t"))
    random = [influence(fresh, rng.permutation(120)[:6]) for _ in range(60)]
    few, many = (Ideal(cascades=c).choose(ask(at=at), 6, stream(0, "c")).rows for c in (10, 300))
    assert influence(fresh, few) > np.mean(random)
    assert influence(fresh, many) > np.quantile(random, 0.9)


def test_one_class_of_opposites(ask):
    """Nothing points the same way: no edges, everybody reaches itself, and all the same n are chosen."""
    chosen = Ideal(neighbours=1).choose(ask(at=on_circle([0, 120, 240])), 2, stream(0, "c"))
    assert len(set(chosen.rows.tolist())) == 2
    assert chosen.scores[chosen.rows].tolist() == [1, 1]


def test_neutral_limit_where_every_example_embeds_alike_it_is_uniform(ask):
    seen = ask(at=np.ones((6, 3)))
    rng = stream(0, "c")
    chosen = [Ideal(neighbours=2).choose(seen, 2, rng).rows.tolist() for _ in range(600)]
    assert all(len(set(rows)) == 2 for rows in chosen)
    counts = np.bincount(np.concatenate(chosen), minlength=6)
    assert (np.abs(counts - 200) < 60).all(), counts
