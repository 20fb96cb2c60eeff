"""gradient_length: by hand, against gradients by finite differences, margin's ranking between two classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.choose.gradient_length import GradientLength, expected_length
from tutelage.choose.margin import Margin
from tutelage.core.rng import stream


def test_by_hand(ask):
    """p = (3/4, 1/4), h = 0: 3/4 |(-1/4, 1/4)| + 1/4 |(3/4, -3/4)| = 3/8 sqrt 2 = 0.5303, times |(0, 1)| = 1.

    p = (1/2, 1/2), h = sqrt 3: sqrt 2 / 2 = 0.7071, times |(sqrt 3, 1)| = 2. p = (1, 0): 0, however long h is.
    """
    seen = ask([[0.75, 0.25], [0.5, 0.5], [1, 0]], [0, 3**0.5, 100])
    chosen = GradientLength().choose(seen, 2, stream(0, "c"))
    assert chosen.scores == pytest.approx([0.375 * 2**0.5, 2**0.5, 0], abs=1e-6)
    assert chosen.rows.tolist() == [1, 0]


@settings(deadline=None, max_examples=25)  # a busy machine is no failure
@given(st.integers(0, 300), st.integers(1, 4), st.integers(1, 4))
def test_equal_gradients_by_finite_differences(seed, classes, width):
    """Of -log softmax(W^T h + b)_c by every weight and bias, in float64."""
    rng = np.random.default_rng(seed)
    table, h = rng.normal(size=(width + 1, classes)), np.append(rng.normal(size=width), 1.0)

    def losses(w):
        scores = h @ w
        return np.log(np.exp(scores).sum()) - scores

    slopes = np.zeros((classes, width + 1, classes))
    for i, j in np.ndindex(width + 1, classes):
        step = np.zeros_like(table)
        step[i, j] = 1e-5
        slopes[:, i, j] = (losses(table + step) - losses(table - step)) / 2e-5
    p = np.exp(-losses(table))
    expected = sum(p[c] * np.linalg.norm(slopes[c]) for c in range(classes))
    assert expected_length(p[None], h[None, :-1])[0] == pytest.approx(expected, abs=1e-6)


def test_neutral_limit_two_classes_and_equal_lengths_rank_as_margin(ask, binary):
    angles = np.linspace(0, 3, 12)
    seen = ask(binary, np.stack([np.cos(angles), np.sin(angles)], axis=1) * 5)
    one, two = (method.choose(seen, 12, stream(0, "c")).rows.tolist() for method in (GradientLength(), Margin()))
    assert one == two


def test_neutral_limit_a_student_certain_of_everything_makes_it_uniform(ask):
    seen = ask(np.eye(3)[[0, 1, 2, 0, 1]], np.arange(5.0))
    rng = stream(0, "c")
    chosen = [GradientLength().choose(seen, 1, rng) for _ in range(1000)]
    assert all((one.scores == 0).all() for one in chosen)
    counts = np.bincount([int(one.rows[0]) for one in chosen], minlength=5)
    assert (np.abs(counts - 200) < 65).all(), counts


def test_no_classes_yet(ask):
    chosen = GradientLength().choose(ask(np.zeros((6, 0)), np.arange(6.0)), 3, stream(0, "c"))
    assert len(set(chosen.rows.tolist())) == 3 and (chosen.scores == 0).all()
