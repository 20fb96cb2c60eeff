"""k-means: seeds in proportion, rounds that never make it worse, weights, points that coincide."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from tutelage.core.rng import stream
from tutelage.kit.cluster import k_means, middles, seeds
from tutelage.kit.distances import space_of


def blobs(seed, groups=6, each=30, width=8, apart=6.0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(groups, width)) * apart
    return (centres.repeat(each, 0) + rng.normal(size=(groups * each, width))).astype(np.float32)


def test_two_groups_on_a_line():
    """0 1 2 | 10 11 12 in two: centres 1 and 11, squared distances 1 0 1 1 0 1, middles 1 and 11."""
    x = np.array([0, 1, 2, 10, 11, 12], dtype=np.float32)[:, None]
    for seed in range(10):
        clusters = k_means(x, 2, stream(seed, "t"))
        assert clusters.many == 2
        assert clusters.away == pytest.approx([1, 0, 1, 1, 0, 1], abs=1e-6)
        assert sorted(x[middles(clusters, stream(0, "t")), 0]) == [1, 11]


def test_a_weight_pulls_the_centre():
    """0 and 4 in one cluster, weights 3 and 1: centre 1, so 0 lies at 1 and 4 at 9."""
    clusters = k_means(np.array([[0.0], [4.0]]), 1, stream(0, "t"), np.array([3.0, 1.0]))
    assert clusters.away == pytest.approx([1, 9], rel=1e-5)


def test_seeds_are_drawn_in_proportion_to_squared_distance():
    """0, 1, 3 with 0 drawn: 1 and 3 weigh 1 and 9, so 3 comes second in 9 of 10. First 0: a third of 3000."""
    space = space_of(np.array([[0.0], [1.0], [3.0]]))
    rng = stream(0, "t")
    drawn = [seeds(space, 2, rng).tolist() for _ in range(3000)]
    seconds = [second for first, second in drawn if first == 0]
    assert abs(len(seconds) - 1000) < 130  # five standard deviations of 26
    assert abs(np.mean(np.array(seconds) == 2) - 0.9) < 0.05


def test_points_that_coincide_are_one_cluster():
    x = np.repeat(np.array([[1.0, 5.0], [2.0, 7.0]], dtype=np.float32), 20, axis=0)
    clusters = k_means(x, 10, stream(0, "t"))
    assert clusters.many == 2
    assert clusters.away == pytest.approx(0, abs=1e-9)  # a mean of twenty equal float32 is off by its rounding
    assert len(seeds(space_of(x), 10, stream(0, "t"))) == 2


def test_as_many_clusters_as_points():
    x = blobs(0, groups=3, each=4)
    clusters = k_means(x, 50, stream(0, "t"))
    assert clusters.many == 12
    assert sorted(middles(clusters, stream(0, "t")).tolist()) == list(range(12))


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 60), st.integers(1, 9))
def test_every_point_is_with_its_nearest_centre_and_none_is_empty(seed, k):
    x = blobs(seed, groups=4, each=8, width=3, apart=2.0)
    clusters = k_means(x, k, stream(seed, "t"), rounds=100)
    assert set(clusters.which.tolist()) == set(range(clusters.many))
    picks = middles(clusters, stream(seed, "t"))
    for cluster, pick in enumerate(picks):
        assert clusters.which[pick] == cluster
        assert clusters.away[pick] == clusters.away[clusters.which == cluster].min()


def test_more_rounds_never_fit_worse_and_same_luck_same_clusters():
    x = blobs(3, groups=20, each=20, apart=1.5)
    totals = [float(k_means(x, 15, stream(5, "t"), rounds=r).away.sum()) for r in (1, 2, 4, 50)]
    assert all(late <= early * (1 + 1e-5) for early, late in zip(totals, totals[1:], strict=False)), totals
    one, two = (k_means(x, 15, stream(5, "t")) for _ in range(2))
    assert (one.which == two.which).all()


def test_as_good_as_scikit_learn():
    """Over ten seeds the mean sum of squares is within 5 % of scikit-learn's, which tries several seeds each."""
    x = blobs(1, groups=25, each=20, apart=1.5)
    ours = np.mean([k_means(x, 25, stream(s, "t")).away.sum() for s in range(10)])
    theirs = np.mean([KMeans(25, n_init=1, random_state=s).fit(x).inertia_ for s in range(10)])
    assert ours <= theirs * 1.05, (ours, theirs)


def test_weights_that_are_all_zero_count_as_equal():
    x = blobs(2)
    even = k_means(x, 6, stream(1, "t"))
    assert (k_means(x, 6, stream(1, "t"), np.zeros(len(x))).which == even.which).all()
