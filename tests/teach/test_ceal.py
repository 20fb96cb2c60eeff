"""CEAL: entropies by hand, a bound that falls from round to round, limits, nothing paid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tutelage.core.data import Rows
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.teach.ceal import Ceal
from tutelage.toys import Nearest, vector_pool, view


def teach(points: object, number: int = 0, **settings: object) -> Taught:
    """A student with the means -1 and 1: p(right) = sigmoid(2 x)."""
    pool = vector_pool(np.asarray(points, dtype=float)[:, None])
    student = Nearest(pool.labels, np.array([[-1.0], [1.0]], dtype=np.float32))
    now = view(pool, student)._replace(round=number)
    return Ceal(**settings).teach(Rows(pool, np.arange(len(pool))), now, None, stream(0, "teach"))


def kept(taught: Taught) -> list[int]:
    return [int(row) for block in taught.lessons for row in block.about.numbers]


def test_by_hand() -> None:
    """sigmoid(4) = 0.98201: H = 0.0901. sigmoid(5) = 0.99331: H = 0.0402. The bound is 0.05 at first."""
    taught = teach([-2.0, 2.5, -2.5])
    assert kept(taught) == [1, 2] and taught.lessons[0].given["label"].tolist() == [1, 0]
    assert taught.facts == {"kept": 2.0, "coverage": pytest.approx(2 / 3), "bound": 0.05}
    assert kept(teach([-2.0, 2.5], delta=0.0902)) == [0, 1] and kept(teach([-2.0, 2.5], delta=0.09)) == [1]


def test_the_bound_falls_and_ends_at_0() -> None:
    """0.05 - 0.0033 x 3 = 0.0401 is just below H = 0.0402; after 16 rounds it would be negative."""
    assert kept(teach([2.5], number=2)) == [0] and kept(teach([2.5], number=3)) == []
    late = teach([2.5, 900.0], number=16)
    assert late.facts["bound"] == 0 and late.lessons == ()


def test_neutral_limit_delta_0_is_no_self_training() -> None:
    assert teach([-900.0, 900.0], delta=0.0).lessons == ()


def test_costs_nothing_and_weighs_what_it_is_told() -> None:
    (block,) = teach([3.0, -3.0], weight=0.25).lessons
    assert block.cost.tolist() == [0, 0] and block.weight.tolist() == [0.25, 0.25]


@given(some.lists(some.floats(-5, 5), min_size=1, max_size=20), some.floats(0, 0.7), some.integers(0, 30))
def test_equals_the_obvious_rule(points: list[float], delta: float, number: int) -> None:
    taught = teach(points, number, delta=delta, decay=0.01)
    p = 1 / (1 + np.exp(-2 * np.float32(points).astype(float)))
    doubt = [-sum(q * np.log(q) for q in (x, 1 - x) if q > 0) for x in p]
    bound = delta - 0.01 * number
    sure = [row for row, one in enumerate(doubt) if abs(one - bound) > 1e-5]  # float32 decides the others
    assert [row for row in kept(taught) if row in sure] == [row for row in sure if doubt[row] < bound]


def test_of_many_at_most_a_subsample_is_looked_at() -> None:
    assert len(kept(teach(np.full(50, 4.0), subsample=20))) == 20


def test_nobody_asked_about() -> None:
    assert teach([]).facts["coverage"] == 0.0
