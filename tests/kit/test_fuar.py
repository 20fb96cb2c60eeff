"""Forgotten over acquired: the published rows, and what it must be where nothing is lost, won or done."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tutelage.kit.fuar import forgotten_over_acquired

START = (24.17, 1.62, 1.88)  # invariant, updated, new: before the update
ROWS = {  # Jang et al. (2022), table 2: the same three after it, and the published ratio
    "vanilla": ((12.89, 10.17, 3.77), 1.08),
    "recadam": ((13.20, 12.55, 4.02), 0.84),
    "mix_review": ((13.92, 6.49, 2.89), 1.74),
    "lora": ((16.58, 12.77, 4.52), 0.55),
    "k_adapter_2": ((19.59, 12.34, 5.03), 0.33),
    "k_adapter_3": ((19.76, 12.66, 4.02), 0.33),
    "modular": ((20.29, 12.66, 4.65), 0.28),
}


def one_phase(before, after) -> float | None:
    kept = np.array([[before[0], after[0]]])
    return forgotten_over_acquired(kept, np.array([[before[1], after[1]], [before[2], after[2]]]))


@pytest.mark.parametrize("method", ROWS)
def test_published_rows(method: str) -> None:
    """To two decimals; the second K-Adapter's rows give 0.3345, which the table cuts to 0.33."""
    after, published = ROWS[method]
    assert one_phase(START, after) == pytest.approx(published, abs=0.0051)


def test_by_hand_over_two_phases() -> None:
    """Lost: 90 - 60 of what LM_0 knew, 80 - 70 of what LM_1 did. Won: 50 - 10, 50 - 20 and 30 - 0, 30 - 40 (nothing).

    (30 + 10) / (40 + 30 + 30 + 0) = 0.4.
    """
    kept = np.array([[90.0, 60.0], [80.0, 70.0]])
    assert forgotten_over_acquired(kept, np.array([[10.0, 20.0, 50.0], [0.0, 40.0, 30.0]])) == 0.4


def test_an_idle_first_phase_changes_nothing() -> None:
    """LM_1 = LM_0 under the same probes: both sums double."""
    kept, gained = np.array([[90.0, 60.0]]), np.array([[10.0, 50.0], [0.0, 30.0]])
    twice = forgotten_over_acquired(np.repeat(kept, 2, axis=0), gained[:, [0, 0, 1]])
    assert twice == forgotten_over_acquired(kept, gained) == 30 / 70


def test_nothing_lost_is_0_and_nothing_won_is_no_number() -> None:
    assert one_phase((50, 0, 0), (50, 10, 0)) == 0.0
    assert one_phase((50, 0, 0), (70, 10, 0)) == 0.0, "to know more of the old counts for nothing on top"
    assert one_phase((50, 10, 10), (20, 10, 5)) is None
    assert one_phase((50, 10, 10), (50, 10, 10)) is None, "nor 0 / 0"


@given(some.lists(some.floats(0, 100), min_size=6, max_size=6))
def test_never_negative_and_never_infinite(scores) -> None:
    found = one_phase(scores[:3], scores[3:])
    assert found is None or (found >= 0 and math.isfinite(found))


def test_missing_scores_and_wrong_shapes() -> None:
    assert math.isnan(one_phase((math.nan, 0, 0), (1, 1, 1)))
    for kept, gained in (
        (np.zeros((1, 2)), np.zeros((2, 3))),
        (np.zeros((0, 2)), np.zeros((2, 1))),
        (np.zeros(2), np.zeros((1, 2))),
    ):
        with pytest.raises(ValueError, match="no scores of n phases"):
            forgotten_over_acquired(kept, gained)
