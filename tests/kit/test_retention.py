"""What is lost and whether ever more slowly, by hand, at the limits, and for a power law of forgetting."""

import numpy as np
import pytest

from tutelage.kit.retention import lost, slowing

STEPS = np.array([0, 1, 2, 5, 10, 20, 50, 100, 200, 500])


def test_nothing_lost() -> None:
    """The neutral limit: a frozen store loses nothing, at any pace."""
    kept = np.ones(10)
    assert lost(kept) == 0 and slowing(STEPS, kept, 10) == 0 and slowing(STEPS, kept, 10, True) == 0
    assert lost(np.array([0.7])) == 0, "0 updates: the score after the study"


def test_a_straight_line_is_lost_at_one_pace_and_a_power_law_ever_more_slowly() -> None:
    line = 1 - 0.001 * STEPS
    assert slowing(STEPS, line, 10) == pytest.approx(0, abs=1e-12)
    power = (1 + STEPS) ** -0.3
    assert slowing(STEPS, power, 10) > 0.04
    assert slowing(STEPS, power, 10, True) > 0  # even in the logarithm of steps a power law flattens out
    logarithm = 1 - 0.1 * np.log1p(STEPS)
    assert slowing(STEPS, logarithm, 10, True) == pytest.approx(0, abs=1e-12)


def test_what_is_no_knee() -> None:
    for knee in (0, 500, 7):
        with pytest.raises(ValueError, match=f"the knee {knee} is no probe"):
            slowing(STEPS, np.ones(10), knee)


def test_below_chance_there_is_nothing_to_lose() -> None:
    assert np.isnan(lost(np.array([0.4, 0.3]), 0.5)) and lost(np.array([0.9, 0.5]), 0.5) == pytest.approx(1.0)
