"""How much privacy the steps of a learner cost, and how much noise keeps the cost below a bound; opacus counts.

A step adds up clipped gradients of norm at most C of lessons that were each drawn with probability `rate`, and normal
noise of deviation sigma C. Two sets of lessons are neighbours when one has a lesson more than the other.

    rdp    Renyi divergences add up over steps; converted to (epsilon, delta) at the best order
    prv    the privacy loss itself is composed numerically: tighter, slower

Source: Mironov, Talwar and Zhang (2019) for rdp of the sampled Gaussian; Balle et al. (2020), theorem 21, for its
conversion; Gopi, Lee and Wutschitz (2021) for prv; all three as opacus 1.6 has them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from scipy.optimize import brentq

from tutelage.core.parts import missing_extra

Way: TypeAlias = Literal["rdp", "prv"]

# opacus takes forty times as long for an order with a fraction as for a whole one, so few of these lie above 5
FRACTIONS = [1.1, *(x / 4 for x in range(5, 20)), *(x / 2 for x in range(10, 22))]
ORDERS = [*FRACTIONS, *(float(x) for x in (*range(11, 64), *range(64, 256, 16), 256, 384, 512))]
CLOSE = 1e-3  # sigma is found to this share, and always on the safe side
MOST = 1e6  # no sigma beyond this is tried


class Phase(NamedTuple):
    """`steps` steps alike. sigma: noise over clip. rate: the probability that a lesson is in a step."""

    sigma: float
    rate: float
    steps: int


def epsilon(history: Sequence[Phase], delta: float, way: Way = "rdp") -> float:
    """What these phases cost together; inf for a step without noise. Missing where opacus is not installed.

    >>> round(epsilon([Phase(1.0, 0.01, 1000)], 1e-5), 2)
    2.11
    """
    held = [phase for phase in history if phase.steps and phase.rate]
    if not held:
        return 0.0
    if any(phase.sigma == 0 for phase in held):
        return math.inf
    try:
        from opacus.accountants import PRVAccountant, RDPAccountant
    except ModuleNotFoundError as error:
        raise missing_extra("learn.privacy", error.name or "opacus") from error
    counts = RDPAccountant() if way == "rdp" else PRVAccountant()
    counts.history = [tuple(phase) for phase in held]
    with warnings.catch_warnings(), np.errstate(divide="ignore"):  # prv takes log(1 - rate), which may be -inf
        # a bound at the first or the last order is a bound all the same, only not the tightest there is
        warnings.filterwarnings("ignore", message="Optimal order is the")
        spent = counts.get_epsilon(delta, alphas=ORDERS) if way == "rdp" else counts.get_epsilon(delta)
    return max(float(spent), 0.0)


def noise(
    target: float, delta: float, rate: float, steps: int, history: Sequence[Phase] = (), way: Way = "rdp"
) -> float:
    """The least sigma with which `steps` more steps keep the whole at most `target`; inf where none does."""

    def cost(sigma: float) -> float:
        return epsilon([*history, Phase(sigma, rate, steps)], delta, way)

    if history and epsilon(history, delta, way) >= target:
        return math.inf
    high = 1.0 if way == "rdp" else noise(target, delta, rate, steps, history)  # prv is never far above rdp
    while cost(high) > target:
        high *= 2
        if high > MOST:
            return math.inf
    low = high / 2
    while cost(low) <= target:
        low, high = low / 2, low
    over = lambda log_sigma: math.log(min(max(cost(math.exp(log_sigma)) / target, 1e-9), 1e9))
    sigma = math.exp(brentq(over, math.log(low), math.log(high), xtol=CLOSE / 4, rtol=1e-15))
    while cost(sigma) > target:
        sigma *= 1 + CLOSE / 4
    return sigma
