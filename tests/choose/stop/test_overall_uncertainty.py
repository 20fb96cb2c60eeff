"""overall_uncertainty: by hand, its threshold, and the students that it says nothing about."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutelage.choose.stop.overall_uncertainty import OverallUncertainty


def test_by_hand(follow):
    """Four classes, rows 2 and 3 left: (1/2 1/2 0 0) has entropy log 2, half of log 4; (1 0 0 0) none. Mean 1/4."""
    p = [[1, 0, 0, 0], [1, 0, 0, 0], [0.5, 0.5, 0, 0], [1, 0, 0, 0]]
    (said,) = follow(OverallUncertainty(threshold=0.3), p)
    assert said.stop and said.value == pytest.approx(0.25)
    assert not follow(OverallUncertainty(threshold=0.25), p)[0].stop  # below it, not at it
    assert dict(said.memory) == {}


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 300), classes=st.integers(2, 5), threshold=st.floats(0, 1))
def test_equal_obvious_code(follow, seed, classes, threshold):
    p = np.random.default_rng(seed).dirichlet(np.full(classes, 0.3), 9).astype(np.float32).astype(float)
    expected = np.mean([-sum(x * np.log(x) for x in row if x > 0) / np.log(classes) for row in p[2:]])
    (said,) = follow(OverallUncertainty(threshold=threshold), p)
    assert said.value == pytest.approx(expected, abs=1e-6)
    assert said.stop == (said.value < threshold)


def test_neutral_limit_threshold_zero_never_stops(follow):
    (said,) = follow(OverallUncertainty(threshold=0), np.eye(2)[[0, 1, 0, 1]])
    assert said.value == 0 and not said.stop


def test_a_student_that_knows_one_class_is_sure_and_is_not_believed(follow):
    sure = np.eye(2)[[0, 0, 0, 0]]
    (said,) = follow(OverallUncertainty(), sure, codes=0)
    assert math.isnan(said.value) and not said.stop


def test_nothing_left_and_nothing_known(follow):
    p = np.full((3, 2), 0.5)
    assert math.isnan(follow(OverallUncertainty(), p, held=[[0, 1, 2]])[0].value)
    assert math.isnan(follow(OverallUncertainty(), p, held=[[]])[0].value)
