"""typical: typicality by hand, uncovered and large clusters first, small ones last, what is labelled counts."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.choose.typical import Typical, typicality, visits
from tutelage.core.rng import stream


def groups(sizes, seed=0, apart=50.0):
    """Groups of these sizes on the axes, far apart: points and which group each belongs to."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    return np.eye(len(sizes))[group] * apart + rng.normal(size=(len(group), len(sizes))), group


def test_typicality_by_hand():
    """0 1 3: the two nearest of 0 are 1 and 3 away, mean 2; of 1: 1 and 2, mean 3/2; of 3: 2 and 3, mean 5/2."""
    x = np.array([[0.0], [1.0], [3.0]])
    assert typicality(x, 2) == pytest.approx([1 / 2, 2 / 3, 2 / 5])
    assert typicality(x, 1) == pytest.approx([1, 1, 1 / 2])
    assert typicality(x[:1], 5) == pytest.approx([0])
    assert np.isfinite(typicality(np.ones((4, 2)), 3)).all()


def test_the_order_of_visits_by_hand():
    """Clusters of 7, 9, 3, 8 members, one labelled in the second: 3 (8), 0 (7), 1 (labelled), 2 (small)."""
    which = np.concatenate([[1], np.repeat([0, 1, 2, 3], [7, 8, 3, 8])])
    assert visits(which, 1, 5, stream(0, "c")).tolist() == [3, 0, 1, 2]


def test_the_most_typical_of_a_cluster_is_taken(ask):
    """0 1 2 3 4 5 in one cluster: 2 and 3 have the smallest mean distance to the five others, 9/5."""
    chosen = Typical().choose(ask(at=np.arange(6.0)), 1, stream(0, "c"))
    assert chosen.rows[0] in (2, 3)
    assert chosen.scores == pytest.approx([5 / 15, 5 / 11, 5 / 9, 5 / 9, 5 / 11, 5 / 15], rel=1e-5)


def test_the_largest_uncovered_groups_come_first(ask):
    """Sizes 30 20 10 8; a label is held in the largest: of five clusters the others are visited 20, 10, 8."""
    at, group = groups([30, 20, 10, 8])
    seen = ask(at=at, held=[0])
    rest = np.delete(group, 0)
    wins = 0
    for seed in range(20):
        chosen = Typical().choose(seen, 3, stream(seed, "c"))
        wins += rest[chosen.rows].tolist() == [1, 2, 3]
    assert wins >= 15, wins  # a random seeding puts two clusters into one group now and then


def test_a_few_outliers_wait(ask):
    """Two groups of 20 and two strays: two labels go to the groups, though k-means gives the strays clusters."""
    at, group = groups([20, 20])
    at = np.concatenate([at, [[400.0, 400.0], [-400.0, 400.0]]])
    for seed in range(10):
        chosen = Typical().choose(ask(at=at), 4, stream(seed, "c"))
        assert (chosen.rows[:2] < 40).all()
        assert len(set(chosen.rows.tolist())) == 4


def test_more_than_the_clusters_allow_goes_round_again(ask):
    """At most two clusters and six picks: three from each group, in turns."""
    at, group = groups([20, 19])
    chosen = Typical(max_clusters=2).choose(ask(at=at), 6, stream(0, "c"))
    assert group[chosen.rows].tolist() == [0, 1, 0, 1, 0, 1]
    assert len(set(chosen.rows.tolist())) == 6


def test_only_small_clusters(ask):
    """Four points, three picks: every cluster is small, and still three different points are taken."""
    assert len(set(Typical().choose(ask(at=[0.0, 5, 10, 15]), 3, stream(0, "c")).rows.tolist())) == 3


def test_almost_everything_is_labelled(ask):
    chosen = Typical().choose(ask(at=np.arange(30.0), held=np.arange(27)), 2, stream(0, "c"))
    assert len(set(chosen.rows.tolist())) == 2


def test_neutral_limit_where_every_example_embeds_alike_it_is_uniform(ask):
    seen = ask(at=np.ones((5, 3)))
    rng = stream(0, "c")
    chosen = [Typical().choose(seen, 2, rng).rows.tolist() for _ in range(400)]
    assert all(len(set(rows)) == 2 for rows in chosen)
    counts = np.bincount(np.concatenate(chosen), minlength=5)
    assert (np.abs(counts - 160) < 50).all(), counts
