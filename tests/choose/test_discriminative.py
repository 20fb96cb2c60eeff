"""discriminative: by hand on a line, its sub-batches, against scikit-learn, nothing labelled, everything alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from tutelage.choose.discriminative import Discriminative, scale_of
from tutelage.core.data import Rows, labelled
from tutelage.core.rng import stream
from tutelage.toys import vector_pool, view


def test_by_hand(ask):
    """-1 labelled against 1 and 3 unlabelled; sigma(w z + b) rises with z, and w, b zero the weighted gradient.

    The pool's mean is 2, its spread 1: z = -3 | -1, 1, weights 3/2 | 3/4, 3/4. With r_i = weight (p - y) the bias asks
    sum r = 0, the weight sum r z + (1/2) w = 0 (half of |W_1|^2 + |W_0|^2 with W_1 = -W_0 = w / 2, strength 1).
    """
    chosen = Discriminative().choose(ask(at=[-1, 1, 3], held=[0]), 1, stream(0, "c"))
    assert chosen.rows.tolist() == [1]
    p = chosen.scores
    reach = np.log(p / (1 - p))
    w = (reach[1] - reach[0]) / 2
    at_label = expit(reach[0] - 2 * w)
    r = np.array([1.5 * at_label, 0.75 * (p[0] - 1), 0.75 * (p[1] - 1)])
    assert r.sum() == pytest.approx(0, abs=1e-3)
    assert r @ [-3, -1, 1] + w / 2 == pytest.approx(0, abs=1e-3)


@settings(deadline=None, max_examples=20)  # a busy machine is no failure
@given(st.integers(0, 200))
def test_equal_to_the_obvious_loop_over_scikit_learn(seed):
    """Its two-class C is twice our strength; weights of the classes balanced, four sub-batches of one."""
    rng = np.random.default_rng(seed)
    pool = vector_pool(rng.normal(size=(30, 3)), ("a", "b"))
    lessons = (labelled(Rows(pool, np.arange(5)), np.zeros(5, dtype=np.int64), "oracle"),)
    rest = pool.without(np.arange(5))
    x = rest.vectors().astype(float)
    spread = np.sqrt(((x - x.mean(0)) ** 2).sum(1).mean())
    known, z = (pool.vectors()[:5] - x.mean(0)) / spread, (x - x.mean(0)) / spread
    free, picks, gaps = list(range(25)), [], []
    for _ in range(4):
        both = np.concatenate([known, z[picks], z[free]])
        side = np.repeat([0, 1], [5 + len(picks), len(free)])
        # half of our penalty is on each side of w = W_1 - W_0, hence the factor of two
        judge = LogisticRegression(C=2 * 1.0, class_weight="balanced", tol=1e-10, max_iter=2000).fit(both, side)
        reach = judge.decision_function(z[free])
        order = np.argsort(-reach)
        gaps.append(reach[order[0]] - reach[order[1]])
        picks.append(free.pop(int(order[0])))
    chosen = Discriminative(sub_batches=4).choose(view(rest, lessons=lessons), 4, stream(0, "c"))
    if min(gaps) > 1e-3:  # nearer than that the solvers' tolerance decides
        assert chosen.rows.tolist() == picks
    assert chosen.scores[picks[-1]] == pytest.approx(expit(reach[order[0]]), abs=2e-3)


def test_sub_batches_spread_a_batch(ask):
    """Labelled at 0; five at 10 to one side, five at 9 to the other: one go takes the far side, two take both."""
    at = [[0, 0], *[[10, 0.1 * i] for i in range(5)], *[[-3, 9 + 0.1 * i] for i in range(5)]]
    seen = ask(at=at, held=[0])
    apart = Discriminative(sub_batches=6).choose(seen, 6, stream(0, "c")).rows
    sides = np.bincount(apart // 5, minlength=2)
    assert sides.min() >= 2, sides


def test_where_nothing_is_labelled_the_first_part_is_random_and_the_next_is_unlike_it(ask):
    at = np.concatenate([np.zeros(20), np.full(1, 50.0)])
    firsts = []
    for seed in range(40):
        chosen = Discriminative(sub_batches=2).choose(ask(at=at), 2, stream(seed, "c"))
        firsts.append(int(chosen.rows[0]))
        assert 20 in chosen.rows
        assert int(np.isnan(chosen.scores).sum()) == 1
    assert len(set(firsts)) > 8


def test_neutral_limit_where_every_example_embeds_alike_it_is_uniform(ask):
    seen = ask(at=np.full((6, 3), 0.3), held=[0])
    rng = stream(0, "c")
    counts = np.bincount(np.concatenate([Discriminative().choose(seen, 2, rng).rows for _ in range(500)]), minlength=5)
    assert (np.abs(counts - 200) < 60).all(), counts


def test_a_sample_of_the_unlabelled_is_enough_to_see_where_they_are(ask):
    at = np.concatenate([[0.0], np.linspace(1, 9, 300)])
    chosen = Discriminative(most=40, sub_batches=1).choose(ask(at=at, held=[0]), 3, stream(0, "c"))
    assert sorted(chosen.rows.tolist()) == [297, 298, 299] and np.isfinite(chosen.scores).all()


def test_the_scale_is_that_of_the_pool():
    """-1, 1, 3: mean 1, mean square (4 + 0 + 4) / 3. Equal points have spread 1 and all become 0."""
    scale = scale_of(np.array([[-1.0], [1], [3]], dtype=np.float32))
    assert scale.mean.tolist() == [1] and scale.spread == pytest.approx((8 / 3) ** 0.5)
    same = np.full((7, 2), 0.1, np.float32)
    assert scale_of(same).spread == 1 and (scale_of(same).of(same) == 0).all()
