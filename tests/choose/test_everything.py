"""everything: the pool as it stands, up to n."""

from __future__ import annotations

from tutelage.choose.everything import Everything
from tutelage.choose.uniform import Uniform
from tutelage.core.rng import stream
from tutelage.toys import POOL, view


def test_the_first_n_of_the_table():
    """Of the rows 5 0 3 the table's first two are 0 and 3, at positions 1 and 2."""
    assert Everything().choose(view(POOL.take([5, 0, 3])), 2, stream(0, "c")).rows.tolist() == [1, 2]
    assert Everything().choose(view(), 6, stream(0, "c")).rows.tolist() == [0, 1, 2, 3, 4, 5]
    assert Everything().choose(view(), 0, stream(0, "c")).rows.tolist() == []


def test_neutral_limit_the_whole_pool_is_uniform_as_a_set():
    uniform = Uniform().choose(view(), 6, stream(3, "c"))
    assert Everything().choose(view(), 6, stream(3, "c")).rows.tolist() == sorted(uniform.rows.tolist())
