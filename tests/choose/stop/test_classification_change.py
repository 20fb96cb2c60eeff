"""classification_change: by hand, only what is left in both rounds counts, windows, one class."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutelage.choose.stop.classification_change import ClassificationChange

LEFT, RIGHT = [0.9, 0.1], [0.2, 0.8]


def test_by_hand(follow):
    """Rows 2-5: after round 1 one of four changes, then none. Threshold 0 stops at the third, 1/4 at the second."""
    rounds = [[LEFT] * 6, [*[LEFT] * 5, RIGHT], [*[LEFT] * 5, RIGHT]]
    said = follow(ClassificationChange(), *rounds)
    assert [one.value for one in said] == pytest.approx([math.nan, 0.25, 0], nan_ok=True)
    assert [one.stop for one in said] == [False, False, True]
    assert [one.stop for one in follow(ClassificationChange(threshold=0.25), *rounds)] == [False, True, True]


def test_what_was_asked_about_meanwhile_does_not_count(follow):
    """Row 5 changes, but it is labelled by then; of rows 2, 3, 4 none does. Positions shift, row numbers do not."""
    said = follow(ClassificationChange(), [LEFT] * 6, [*[LEFT] * 5, RIGHT], held=[[0, 1], [0, 1, 5]])
    assert said[1].value == 0 and said[1].stop
    said = follow(ClassificationChange(), [LEFT, RIGHT] * 3, [LEFT, RIGHT] * 3, held=[[4, 5], [0, 4, 5]])
    assert said[1].value == 0


def test_a_window_asks_for_several_comparisons_in_a_row(follow):
    still, moved = [LEFT] * 4, [*[LEFT] * 3, RIGHT]
    said = follow(ClassificationChange(window=2), still, still, moved, moved, moved)
    assert [one.stop for one in said] == [False, False, False, False, True]
    assert [one.value for one in said] == pytest.approx([math.nan, 0, 0.5, 0, 0], nan_ok=True)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 300), threshold=st.sampled_from([0.0, 0.1, 0.4, 1.0]))
def test_equal_obvious_code(follow, seed, threshold):
    rng = np.random.default_rng(seed)
    rounds = [rng.dirichlet(np.ones(3), 12) for _ in range(4)]
    held = [[0, 1], [0, 1, 7], [0, 1, 7, 3, 4], [0, 1, 7, 3, 4, 9]]
    said = follow(ClassificationChange(threshold=threshold), *rounds, held=held)
    for number in range(1, 4):
        left = [row for row in range(12) if row not in held[number]]
        share = np.mean([rounds[number][row].argmax() != rounds[number - 1][row].argmax() for row in left])
        assert said[number].value == pytest.approx(share)
        assert said[number].stop == (share <= threshold)


def test_no_neutral_limit_threshold_one_stops_at_the_first_comparison(follow):
    said = follow(ClassificationChange(threshold=1), [LEFT] * 4, [RIGHT] * 4)
    assert [one.stop for one in said] == [False, True]


def test_one_class_cannot_change_and_is_not_believed(follow):
    said = follow(ClassificationChange(), [LEFT] * 4, [LEFT] * 4, codes=0)
    assert not any(one.stop for one in said) and all(math.isnan(one.value) for one in said)


def test_nothing_left(follow):
    said = follow(ClassificationChange(), [LEFT] * 3, [LEFT] * 3, held=[[0, 1], [0, 1, 2]])
    assert not said[1].stop and math.isnan(said[1].value)
