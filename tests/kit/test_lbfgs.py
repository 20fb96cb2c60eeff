"""Limited-memory BFGS on functions whose minimum is known."""

import numpy as np
import pytest

from tutelage.kit.lbfgs import inner, minimised


def quadratic(matrix, target):
    """(x - t)' M (x - t) / 2"""

    def evaluate(position):
        away = position[0] - target
        slope = matrix @ away
        return float(away @ slope) / 2, slope.reshape(1, -1)

    return evaluate


def test_first_step_by_hand():
    """f(x) = (x - 3)^2 / 2 from 0: gradient -3, first direction +1 (unit length), slope -3.

    A step of 1 leaves the slope at -2, within 0.9 * 3, so it is taken. The pair s = 1, y = 1 makes the model exact,
    and the second step is 2: the minimum after two iterations.
    """
    found = minimised(quadratic(np.eye(1), np.array([3.0])), np.zeros((1, 1)), tolerance=1e-12)
    assert found.position[0, 0] == pytest.approx(3.0) and found.iterations == 2 and found.converged


def test_ill_conditioned_quadratic():
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.normal(size=(30, 30)))
    matrix = basis @ np.diag(np.logspace(0, 4, 30)) @ basis.T
    target = rng.normal(size=30)
    found = minimised(quadratic(matrix, target), np.zeros((1, 30)), tolerance=1e-8)
    assert found.converged and np.abs(found.position[0] - target).max() < 1e-7


def test_steps_under_a_metric_are_those_in_the_wide_space():
    """min |X'a - t|^2 / 2 over a, stepped with the Gram matrix, visits what stepping over w = X'a visits."""
    rng = np.random.default_rng(1)
    x, t = rng.normal(size=(4, 9)), rng.normal(size=9)
    scale = np.diag([1.0, 2, 3, 4, 5, 6, 7, 8, 9])

    def wide(position):
        slope = x.T @ (x @ scale @ (position[0] - t))  # stays in the span of x's rows
        return 0.0, slope.reshape(1, -1)

    def narrow(position):
        coefficients = x @ scale @ (x.T @ position[0] - t)
        return 0.0, np.stack([coefficients, x @ x.T @ coefficients])

    one = minimised(wide, np.zeros((1, 9)), 0.0, limit=5)
    two = minimised(narrow, np.zeros((2, 4)), 0.0, limit=5)
    assert np.allclose(x.T @ two.position[0], one.position[0], rtol=1e-6)
    assert np.allclose(x @ x.T @ two.position[0], two.position[1])


def test_rounding_ends_the_search_and_is_reported():
    """In float32 no gradient of this size reaches 1e-12; the answer is still the best one and says `not converged`."""
    target = np.array([1000.0, -0.1], dtype=np.float32)
    matrix = np.array([[3.0, 1.0], [1.0, 2.0]], dtype=np.float32) / np.float32(7)

    def noisy(position):
        value, slope = quadratic(matrix, target)(position)
        return value, slope + np.float32(1e-4) * np.sign(slope + np.float32(1e-30))

    found = minimised(noisy, np.zeros((1, 2), dtype=np.float32), tolerance=1e-12)
    assert not found.converged and np.abs(found.position[0] - target).max() < 1e-2


def test_start_at_the_minimum_takes_no_step():
    found = minimised(quadratic(np.eye(2), np.ones(2)), np.ones((1, 2)), tolerance=1e-9)
    assert found.iterations == 0 and found.converged and found.value == 0.0


def test_inner_product_of_stacked_vectors():
    assert inner(np.array([[1.0, 2.0], [9.0, 9.0]]), np.array([[5.0, 5.0], [3.0, 4.0]])) == 11.0
