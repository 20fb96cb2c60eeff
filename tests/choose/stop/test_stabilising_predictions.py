"""stabilising_predictions: kappa by hand, its window, a stop set that stays, one class."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from tutelage.choose.stop.stabilising_predictions import StabilisingPredictions

L, R = [0.9, 0.1], [0.2, 0.8]


def test_by_hand(follow):
    """Rows 2-5, L L R R and then L R R R: p_o = 3/4, p_e = 1/2 1/4 + 1/2 3/4 = 1/2, kappa = 1/2; then twice the same."""
    rounds = [[L, L, L, L, R, R], [L, L, L, R, R, R], [L, L, L, R, R, R]]
    said = follow(StabilisingPredictions(window=1), *rounds)
    assert [one.value for one in said] == pytest.approx([math.nan, 0.5, 1], nan_ok=True)
    assert [one.stop for one in said] == [False, False, True]
    said = follow(StabilisingPredictions(window=2, threshold=0.7), *rounds)
    assert [one.value for one in said] == pytest.approx([math.nan, math.nan, 0.75], nan_ok=True) and said[-1].stop
    assert not follow(StabilisingPredictions(window=2, threshold=0.75), *rounds)[-1].stop  # above it, not at it


def test_the_window_forgets_what_lies_before_it(follow):
    one, two = [L, L, L, L, R, R], [L, L, R, R, L, L]
    said = follow(StabilisingPredictions(), one, two, two, two, two)
    assert [one.stop for one in said] == [False, False, False, False, True]
    assert said[3].value == pytest.approx((-1 + 1 + 1) / 3)


def test_the_stop_set_is_drawn_once_and_stays(follow):
    p = np.random.default_rng(0).dirichlet(np.ones(2), 50)
    said = follow(StabilisingPredictions(size=20), p, p, held=[[0, 1], list(range(25))])
    numbers = said[0].memory["numbers"]
    assert len(set(numbers.tolist())) == 20 and numbers.min() > 1
    assert said[1].memory["numbers"].tolist() == numbers.tolist()  # also where a row of it has been asked about
    other = follow(StabilisingPredictions(size=20), p, seed=1)[0].memory["numbers"]
    assert other.tolist() != numbers.tolist()


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 300), window=st.integers(1, 3))
def test_equal_obvious_code(follow, seed, window):
    rng = np.random.default_rng(seed)
    rounds = [rng.dirichlet(np.full(3, 0.5), 20) for _ in range(5)]
    said = follow(StabilisingPredictions(window=window, threshold=0.1), *rounds)
    best = [one[2:].argmax(1) for one in rounds]
    kappas = [cohen_kappa_score(a, b) for a, b in itertools.pairwise(best)]
    for number in range(5):
        last = kappas[max(number - window, 0) : number]
        if len(last) < window:
            assert math.isnan(said[number].value) and not said[number].stop
        else:
            assert said[number].value == pytest.approx(np.mean(last))
            assert said[number].stop == (said[number].value > 0.1)


def test_neutral_limit_threshold_one_never_stops(follow):
    said = follow(StabilisingPredictions(threshold=1, window=1), *[[L, L, L, R]] * 4)
    assert [one.value for one in said[1:]] == [1, 1, 1] and not any(one.stop for one in said)


def test_a_student_that_guesses_one_class_everywhere_is_not_stable(follow):
    said = follow(StabilisingPredictions(window=1), *[[L] * 4] * 3)
    assert all(math.isnan(one.value) for one in said) and not any(one.stop for one in said)


def test_the_order_of_the_pool_changes_nothing():
    from tutelage.core.rng import stream
    from tutelage.toys import POOL, view

    one = StabilisingPredictions(size=3).stop(view(), stream(0, "stop"))
    two = StabilisingPredictions(size=3).stop(view(POOL.take([3, 1, 0, 5, 4, 2])), stream(0, "stop"))
    assert one.memory["numbers"].tolist() == two.memory["numbers"].tolist()
    assert one.memory["guesses"].tolist() == two.memory["guesses"].tolist()
