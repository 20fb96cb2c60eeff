"""uniform: every set equally likely; asks nothing of the student."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tutelage.choose.everything import Everything
from tutelage.choose.uniform import Uniform
from tutelage.core.rng import stream
from tutelage.toys import POOL, view


def test_every_pair_equally_often():
    """Six rows have 15 pairs: 3000 choices, 200 of each, standard deviation 14."""
    rng = stream(0, "choose")
    pairs = Counter(frozenset(Uniform().choose(view(), 2, rng).rows.tolist()) for _ in range(3000))
    assert len(pairs) == 15
    assert all(abs(count - 200) < 70 for count in pairs.values()), pairs


def test_neutral_limit_the_whole_pool_is_everything():
    everything = Everything().choose(view(), 9, stream(0, "choose"))
    assert sorted(Uniform().choose(view(), 9, stream(0, "choose")).rows) == everything.rows.tolist()


def test_the_order_of_the_pool_does_not_matter():
    shuffled = POOL.take([3, 1, 5, 0, 2, 4])
    one, two = (Uniform().choose(view(pool), 3, stream(7, "choose")) for pool in (POOL, shuffled))
    assert POOL.take(one.rows).ids() == shuffled.take(two.rows).ids()
    assert np.isnan(one.scores).all()
