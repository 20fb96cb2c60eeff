"""k_means: one for each group, largest first; duplicates; weighed by doubt."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.choose.cover_then_margin import CoverThenMargin
from tutelage.choose.entropy import Entropy
from tutelage.choose.k_means import KMeans
from tutelage.choose.least_confident import LeastConfident
from tutelage.choose.margin import Margin
from tutelage.core.rng import stream
from tutelage.core.stages import CanEmbed, CanWeigh


def test_by_hand(ask):
    """0 1 2 | 10 11 12 13 14 in two clusters: centres 1 and 12; the larger first; scores are minus the distances."""
    seen = ask(at=[0, 1, 2, 10, 11, 12, 13, 14])
    chosen = KMeans().choose(seen, 2, stream(0, "c"))
    assert chosen.rows.tolist() == [5, 1]
    assert chosen.scores == pytest.approx([-1, 0, -1, -2, -1, 0, -1, -2], abs=1e-5)


def test_one_of_each_group(ask):
    rng = np.random.default_rng(0)
    at = np.repeat(np.eye(6) * 20, 15, axis=0) + rng.normal(size=(90, 6))
    chosen = KMeans().choose(ask(at=at), 6, stream(1, "c"))
    assert sorted((chosen.rows // 15).tolist()) == list(range(6))


def test_neutral_limit_where_every_example_embeds_alike_it_is_uniform(ask):
    seen = ask(at=np.ones((5, 3)))
    rng = stream(0, "c")
    chosen = [KMeans().choose(seen, 2, rng).rows.tolist() for _ in range(400)]
    assert all(len(set(rows)) == 2 for rows in chosen)
    counts = np.bincount(np.concatenate(chosen), minlength=5)
    assert (np.abs(counts - 160) < 50).all(), counts


def test_by_hand_weighted(ask):
    """Margins 0, 0.9, 0.9 at 0, 1, 2 weigh 1, 0.1, 0.1: centre 0.3 / 1.2 = 0.25, and 0 is nearest; evenly it were 1.

    0.95 at 900 is not among the beta n = 3 candidates and has no score.
    """
    margins = np.array([0, 0.9, 0.9, 0.95])
    seen = ask(np.stack([0.5 + margins / 2, 0.5 - margins / 2], 1), [0, 1, 2, 900])
    chosen = KMeans(weigh="margin", beta=3).choose(seen, 1, stream(0, "c"))
    assert chosen.rows.tolist() == [0]
    assert chosen.scores == pytest.approx([-0.25, -0.75, -1.75, np.nan], nan_ok=True, abs=1e-5)
    near = seen._replace(pool=seen.pool.take([0, 1, 2]))
    assert KMeans().choose(near, 1, stream(0, "c")).rows.tolist() == [1]


def test_the_cluster_of_most_doubt_comes_first(ask):
    """Two doubtful examples at 10 weigh more than five that are nearly sure at 0."""
    margins = np.array([0.98] * 5 + [0.0, 0.0])
    seen = ask(np.stack([0.5 + margins / 2, 0.5 - margins / 2], 1), [0, 0, 0, 0, 0, 10, 10])
    assert KMeans(weigh="margin").choose(seen, 2, stream(0, "c")).rows[0] >= 5
    assert KMeans().choose(seen, 2, stream(0, "c")).rows[0] < 5


@pytest.mark.parametrize("beta", [1, 3, np.inf])
def test_neutral_limit_weighed_by_margin_it_is_the_second_half_of_cover_then_margin(ask, beta):
    rng = np.random.default_rng(1)
    seen = ask(rng.dirichlet(np.ones(4), 60), rng.normal(size=(60, 3)))
    for seed in range(5):
        one = KMeans(weigh="margin", beta=beta).choose(seen, 6, stream(seed, "c"))
        two = CoverThenMargin(switch=0, beta=beta).choose(seen, 6, stream(seed, "c"))
        assert set(one.rows.tolist()) == set(two.rows.tolist())


@pytest.mark.parametrize(
    ("weigh", "plain"), [("margin", Margin()), ("entropy", Entropy()), ("least_confident", LeastConfident())]
)
def test_neutral_limit_beta_one_takes_the_most_doubtful(ask, weigh, plain):
    rng = np.random.default_rng(2)
    seen = ask(rng.dirichlet(np.ones(4), 30), rng.normal(size=(30, 3)))
    one, two = (method.choose(seen, 5, stream(0, "c")) for method in (KMeans(weigh=weigh, beta=1), plain))
    assert set(one.rows.tolist()) == set(two.rows.tolist())


def test_probabilities_are_needed_only_where_they_weigh(ask):
    assert KMeans().needs == {CanEmbed} and KMeans(weigh="entropy").needs == {CanEmbed, CanWeigh}


@pytest.mark.parametrize("weigh", ["margin", "entropy", "least_confident"])
def test_certainty_everywhere_still_fills_the_batch(ask, weigh):
    seen = ask(np.tile([[1.0, 0.0]], (20, 1)), np.ones((20, 2)))
    chosen = KMeans(weigh=weigh, beta=2).choose(seen, 5, stream(0, "c"))
    assert len(set(chosen.rows.tolist())) == 5


@pytest.mark.parametrize("weigh", ["margin", "entropy", "least_confident"])
def test_the_order_of_the_pool_changes_nothing_when_weighed(ask, weigh):
    rng = np.random.default_rng(3)
    seen = ask(rng.dirichlet(np.ones(3), 40), rng.normal(size=(40, 3)))
    shuffle = rng.permutation(40)
    one = KMeans(weigh=weigh).choose(seen, 4, stream(0, "c"))
    two = KMeans(weigh=weigh).choose(seen._replace(pool=seen.pool.take(shuffle)), 4, stream(0, "c"))
    assert one.rows.tolist() == shuffle[two.rows].tolist()
    assert np.array_equal(one.scores[shuffle], two.scores, equal_nan=True)
