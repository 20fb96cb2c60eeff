"""Least squares against numpy and a planted rule, leave-one-out against refitting, pure noise, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.kit.quality_fit import fitted, leave_out_r2

NAMES = ("len", "ppl", "mtld")


def planted(seed: int, noise: float = 0.05, size: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """log loss = 0.5 + 0.3 len - 0.2 ppl + noise; mtld says nothing."""
    rng = stream(seed, "planted")
    x = rng.normal(size=(size, 3))
    return x, np.exp(0.5 + 0.3 * x[:, 0] - 0.2 * x[:, 1] + noise * rng.normal(size=size))


def test_by_hand() -> None:
    """Losses e^1, e^3, e^5, e^7 over 0, 1, 2, 3: log loss = 1 + 2 x, exactly."""
    made = fitted(np.arange(4.0)[:, None], np.exp([1.0, 3, 5, 7]), ("x",), stream(0, "fit"), alpha=None, permutations=9)
    assert made.intercept == pytest.approx(1) and made.coefficients.tolist() == pytest.approx([2.0])
    assert made.r2 == pytest.approx(1) and made.loo_r2 == pytest.approx(1)
    assert made.rule() == {"x": pytest.approx(2.0)}


def test_a_planted_rule_lies_inside_its_intervals_as_often_as_they_say() -> None:
    """95 % of 200 simulations, two coefficients each: 400 trials, standard deviation 1.1 points; 91 to 98."""
    inside = 0
    for seed in range(200):
        made = fitted(*planted(seed), NAMES, stream(seed, "fit"), alpha=None, permutations=0)
        inside += int(made.low[0] <= 0.3 <= made.high[0]) + int(made.low[1] <= -0.2 <= made.high[1])
    assert 0.91 <= inside / 400 <= 0.98


def test_keeps_what_counts_and_drops_what_does_not() -> None:
    made = fitted(*planted(3), NAMES, stream(0, "fit"), permutations=99)
    assert made.kept.tolist() == [True, True, False] and made.coefficients[2] == 0 and np.isnan(made.low[2])
    assert made.p == 0.01 and made.loo_r2 > 0.9 and list(made.rule()) == ["len", "ppl"]


def test_pure_noise_is_kept_as_seldom_as_alpha_says() -> None:
    """Holm at 0.05: at most 5 % of 200 fits keep anything, give or take 1.5 points."""
    keeps, small = 0, 0
    for seed in range(200):
        x, _ = planted(seed)
        loss = np.exp(stream(seed, "noise").normal(size=len(x)))
        made = fitted(x, loss, NAMES, stream(seed, "fit"), permutations=19 if seed < 60 else 0)
        keeps += bool(made.kept.any())
        small += seed < 60 and made.p <= 0.05
    assert keeps / 200 <= 0.1 and small <= 9


@given(st.integers(0, 50), st.integers(8, 20))
def test_against_numpy_and_refitting(seed: int, size: int) -> None:
    x, loss = planted(seed, 0.5, size)
    made = fitted(x, loss, NAMES, stream(0, "fit"), alpha=None, permutations=0)
    design = np.column_stack([np.ones(size), x])
    b, rest, *_ = np.linalg.lstsq(design, np.log(loss), rcond=None)
    assert [made.intercept, *made.coefficients] == pytest.approx(b.tolist())
    total = ((np.log(loss) - np.log(loss).mean()) ** 2).sum()
    assert made.r2 == pytest.approx(1 - rest[0] / total)
    hat = np.diag(design @ np.linalg.pinv(design))  # deleted residuals without refitting
    deleted = (np.log(loss) - design @ b) / (1 - hat)
    means = np.array([np.delete(np.log(loss), at).mean() for at in range(size)])
    assert made.loo_r2 == pytest.approx(1 - (deleted**2).sum() / ((np.log(loss) - means) ** 2).sum())


def test_sets_that_share_rows_are_left_out_together() -> None:
    """Twins: leaving out one predicts the other from itself, leaving out both does not."""
    rng = stream(0, "twins")
    x, y = np.repeat(rng.normal(size=(8, 3)), 2, axis=0), np.repeat(rng.normal(size=8), 2)
    assert leave_out_r2(x, y, np.arange(16)) > leave_out_r2(x, y, np.repeat(np.arange(8), 2))


def test_what_cannot_be_fitted_is_refused() -> None:
    x, loss = planted(0)
    with pytest.raises(Refused, match="5 sets cannot settle 3 indicators; 6 could"):
        fitted(x[:5], loss[:5], NAMES, stream(0, "fit"))
    with pytest.raises(Refused, match="'mtld' is the same for all sets, or a combination"):
        fitted(np.column_stack([x[:, :2], x[:, 0] - x[:, 1]]), loss, NAMES, stream(0, "fit"))
    with pytest.raises(Refused, match="losses are positive"):
        fitted(x, np.where(np.arange(30) == 4, 0.0, loss), NAMES, stream(0, "fit"))
