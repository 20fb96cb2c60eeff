"""Entropy, margins, divergence; distributions that are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tutelage.core.errors import ContractBroken
from tutelage.kit.info import checked, entropy, kl, logs, margin, top

rows = hnp.arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(2, 6)), elements=st.floats(0, 1)).map(
    lambda a: (
        (a + 1e-3 * (a.sum(1, keepdims=True) == 0)) / (a + 1e-3 * (a.sum(1, keepdims=True) == 0)).sum(1, keepdims=True)
    )
)


def test_by_hand():
    """(1/2, 1/4, 1/4): H = 1/2 log 2 + 1/2 log 4 = 3/2 log 2; margin 1/4; top 1/2. KL to uniform over 3 = log 3 - H."""
    p = np.array([[0.5, 0.25, 0.25]])
    assert entropy(p) == pytest.approx(1.5 * np.log(2), abs=1e-12)
    assert margin(p) == pytest.approx(0.25)
    assert top(p) == pytest.approx(0.5)
    assert kl(p, np.full((1, 3), 1 / 3)) == pytest.approx(np.log(3) - 1.5 * np.log(2), abs=1e-12)


@settings(deadline=None)  # a busy machine is no failure
@given(rows)
def test_equal_obvious_code(p):
    for i, row in enumerate(p):
        assert entropy(p)[i] == pytest.approx(-sum(x * np.log(x) for x in row if x > 0), abs=1e-9)
        two = sorted(row)[-2:]
        assert margin(p)[i] == pytest.approx(two[1] - two[0], abs=1e-12)


@settings(deadline=None)  # a busy machine is no failure
@given(rows)
def test_uniform_is_least_sure_and_one_hot_most(p):
    width = p.shape[1]
    even, sure = np.full((1, width), 1 / width), np.eye(width)[:1]
    assert (entropy(p) <= entropy(even) + 1e-9).all() and entropy(sure) == 0
    assert (margin(p) >= margin(even) - 1e-9).all() and margin(sure) == 1
    assert (top(p) >= top(even) - 1e-9).all() and top(sure) == 1


@settings(deadline=None)  # a busy machine is no failure
@given(rows)
def test_divergence_is_zero_from_itself_and_never_negative(p):
    assert (kl(p, p) == 0).all()
    assert (kl(p, p[::-1]) >= 0).all()


def test_divergence_stays_finite_where_a_class_was_ruled_out():
    """KL((1,0) || (0,1)) reads the 0 as 1e-12: log 1e12 = 27.63."""
    assert kl(np.array([[1.0, 0]]), np.array([[0.0, 1]])) == pytest.approx(12 * np.log(10))
    assert logs(np.zeros((1, 1)))[0, 0] == pytest.approx(-12 * np.log(10))


def test_few_classes():
    for width in (0, 1):
        p = np.ones((3, width), dtype=np.float32)
        assert entropy(p).tolist() == [0, 0, 0]
        assert margin(p).tolist() == [1, 1, 1]
        assert top(p).tolist() == [1, 1, 1]


class Mumbler:
    """Only its name is used."""


@pytest.mark.parametrize("bad", [[[np.nan, 1.0]], [[0.2, 0.2]], [[-0.5, 1.5]], [[np.inf, 0.0]]])
def test_nonsense_is_refused_by_the_students_name(bad):
    with pytest.raises(ContractBroken, match="Mumbler.*row 0"):
        checked(np.array(bad, dtype=np.float32), 1, Mumbler())


def test_a_wrong_number_of_rows_is_refused():
    with pytest.raises(ContractBroken, match=r"Mumbler.*3 rows.*\(2, 2\)"):
        checked(np.full((2, 2), 0.5), 3, Mumbler())
    assert checked(np.zeros((3, 0)), 3, Mumbler()).shape == (3, 0)
