"""What steps cost: the Gaussian mechanism by formula, opacus beside ours, monotony, and noise that keeps a bound."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from tutelage.kit.accountant import CLOSE, ORDERS, Phase, epsilon, noise


def exact(sigma: float, delta: float) -> float:
    """Balle and Wang (2018), theorem 8: the least epsilon of one Gaussian of sensitivity 1."""
    over = lambda e: (
        norm.cdf(1 / (2 * sigma) - e * sigma) - math.exp(e) * norm.cdf(-1 / (2 * sigma) - e * sigma) - delta
    )
    return float(brentq(over, 0, 100))


def test_by_hand() -> None:
    """q = 1, sigma 2, one step: rdp is a / 8 at order a, so epsilon is the least of
    a / 8 - (log delta + log a) / (a - 1) + log((a - 1) / a) over the orders."""
    a, delta = np.array(ORDERS), 1e-5
    best = (a / 8 - (np.log(delta) + np.log(a)) / (a - 1) + np.log((a - 1) / a)).min()
    assert epsilon([Phase(2.0, 1.0, 1)], delta) == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("sigma", [0.7, 1.0, 4.0])
def test_one_full_step_is_the_gaussian_mechanism(sigma: float) -> None:
    """prv to 1 % and its error of 0.01; rdp is above it, by at most a third here."""
    phase, delta = [Phase(sigma, 1.0, 1)], 1e-5
    right = exact(sigma, delta)
    assert right <= epsilon(phase, delta, "prv") <= 1.01 * right + 0.011
    assert right <= epsilon(phase, delta, "rdp") <= 1.34 * right


@given(sigma=st.floats(0.5, 5), rate=st.sampled_from([0.01, 0.1, 0.5]), steps=st.integers(1, 500))
@settings(max_examples=8, deadline=None)
def test_more_steps_more_lessons_or_less_noise_never_cost_less(sigma: float, rate: float, steps: int) -> None:
    base = epsilon([Phase(sigma, rate, steps)], 1e-5)
    for more in (Phase(sigma, rate, 2 * steps), Phase(sigma, min(1, 2 * rate), steps), Phase(sigma / 1.5, rate, steps)):
        assert epsilon([more], 1e-5) >= base - 1e-9
    assert epsilon([Phase(sigma, rate, steps)] * 2, 1e-5) == pytest.approx(
        epsilon([Phase(sigma, rate, 2 * steps)], 1e-5)
    )


@pytest.mark.parametrize("way", ["rdp", "prv"])
@pytest.mark.parametrize("history", [(), (Phase(1.5, 0.1, 50),)])
def test_noise_keeps_the_bound_and_no_less_would(way, history) -> None:
    sigma = noise(3.0, 1e-5, 0.05, 200, history, way)
    assert epsilon([*history, Phase(sigma, 0.05, 200)], 1e-5, way) <= 3.0
    assert epsilon([*history, Phase(sigma * (1 - 3 * CLOSE), 0.05, 200)], 1e-5, way) > 3.0 - (
        0.03 if way == "prv" else 0
    )


@pytest.mark.filterwarnings("ignore:Optimal order is the")
def test_opacus_finds_the_same_noise() -> None:
    """Its own search stops at an epsilon 0.01 below the target."""
    from opacus.accountants.utils import get_noise_multiplier

    theirs = get_noise_multiplier(target_epsilon=8, target_delta=1e-5, sample_rate=0.02, steps=500, accountant="rdp")
    assert noise(8.0, 1e-5, 0.02, 500) == pytest.approx(theirs, rel=0.01)


def test_edges() -> None:
    assert epsilon([], 1e-5) == epsilon([Phase(1.0, 0.1, 0)], 1e-5) == 0
    assert epsilon([Phase(0.0, 0.1, 3)], 1e-5) == math.inf
    assert noise(1.0, 1e-5, 0.1, 10, [Phase(0.5, 0.5, 100)]) == math.inf, "the past alone costs more"
    assert epsilon([Phase(noise(0.02, 1e-5, 1.0, 1), 1.0, 1)], 1e-5) <= 0.02, "much noise, a tiny bound"
    assert noise(5.0, 1e-5, 0.1, 10, way="prv") <= noise(5.0, 1e-5, 0.1, 10)
