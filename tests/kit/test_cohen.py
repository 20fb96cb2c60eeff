"""Cohen's kappa: by hand, against scikit-learn, and where chance alone would agree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from tutelage.kit.agreement import cohen

codes = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=1, max_size=40)


def test_by_hand():
    """20 both yes, 15 both no, 5 yes/no, 10 no/yes: p_o = 35/50, p_e = 0.5 0.6 + 0.5 0.4 = 0.5, kappa = 0.4."""
    a = np.repeat([1, 0, 1, 0], [20, 15, 5, 10])
    b = np.repeat([1, 0, 0, 1], [20, 15, 5, 10])
    assert cohen(a, b) == pytest.approx(0.4)


@settings(deadline=None)  # a busy machine is no failure
@given(codes)
def test_equal_to_scikit_learn_symmetric_and_blind_to_names(pairs):
    a, b = np.array(pairs).T
    kappa = cohen(a, b)
    if len({*a, *b}) == 1:
        assert math.isnan(kappa)
        return
    assert kappa == pytest.approx(cohen_kappa_score(a, b), abs=1e-12)
    assert kappa == pytest.approx(cohen(b, a)) == pytest.approx(cohen(7 - 2 * a, 7 - 2 * b))
    assert kappa == pytest.approx(cohen(a * 10**12, b * 10**12))


def test_the_extremes():
    assert cohen(np.array([0, 1, 2]), np.array([0, 1, 2])) == 1
    assert cohen(np.array([0, 1]), np.array([1, 0])) == -1
    assert cohen(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])) == 0


def test_what_cannot_be_told_from_chance():
    assert math.isnan(cohen(np.zeros(5, dtype=int), np.zeros(5, dtype=int)))
    assert math.isnan(cohen(np.zeros(0, dtype=int), np.zeros(0, dtype=int)))
    assert cohen(np.zeros(5, dtype=int), np.array([0, 0, 0, 0, 1])) == 0  # one constant judge: never above chance


def test_judges_of_different_examples_are_refused():
    with pytest.raises(ValueError, match=r"\(2,\), \(3,\)"):
        cohen(np.zeros(2, dtype=int), np.zeros(3, dtype=int))
