"""Intervals against numbers worked out by hand, against simulation, and against resampling."""

import math

import numpy as np
import pytest
from scipy.stats import t

from tutelage.kit.intervals import crossed, from_squares, over_items, squares, t_interval, variance, wilson


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def test_squares_by_hand() -> None:
    """[[1, 3], [2, 8]]: mean 3.5; seeds 2 and 5, items 1.5 and 5.5.

    MS_seed = 2 (1.5^2 + 1.5^2) / 1 = 9; MS_item = 2 (2^2 + 2^2) / 1 = 16;
    rest: 1 - 2 - 1.5 + 3.5 = 1, so four times 1: MS_rest = 4 / 1 = 4.
    Variance = (9 + 16 - 4) / 4 = 5.25; df = 21^2 / (81 + 256 + 16) = 441 / 353.
    """
    table = np.array([[1.0, 3], [2, 8]])
    assert squares(table) == pytest.approx((9, 16, 4, 2, 2))
    assert variance(squares(table)) == pytest.approx((5.25, 441 / 353))


def test_the_floor_by_hand() -> None:
    """Seeds 0, 0, 1, 1, 1 on two items with rest larger than the item side: the seeds alone remain, df = S - 1.

    [[0, 1], [1, 0], [1, 1], [0, 0], [1, 1]]: MS_seed .35, MS_item 0, MS_rest .25: .1 < .35, so .35 / 10 with 4 df.
    """
    table = np.array([[0.0, 1], [1, 0], [1, 1], [0, 0], [1, 1]])
    assert variance(squares(table)) == pytest.approx((0.035, 4))
    made = crossed(table)
    half = t.ppf(0.975, 4) * math.sqrt(0.035)
    assert (made.low, made.high) == pytest.approx((0.6 - half, 0.6 + half))


def test_items_that_are_all_alike_leave_student_over_seeds() -> None:
    """The neutral limit: when every item says the same, the table is one value a seed."""
    values = rng().normal(size=6)
    table = np.repeat(values[:, None], 40, axis=1)
    assert crossed(table)[:4] == pytest.approx(t_interval(values)[:4])


def test_one_item_is_no_item_side() -> None:
    values = rng().normal(size=7)
    assert crossed(values[:, None])[:4] == pytest.approx(t_interval(values)[:4])


def test_the_degrees_of_freedom_are_never_below_the_seeds() -> None:
    for seed in range(50):
        table = rng(seed).normal(size=(5, 9)) + rng(seed + 99).normal(size=(5, 1)) + rng(seed + 999).normal(size=9)
        assert variance(squares(table)).df >= 4


def test_a_group_takes_the_items_place() -> None:
    """Groups of one are items; every item doubled within its group leaves the interval as it was."""
    table = rng().normal(size=(6, 8)) + rng(1).normal(size=(1, 8))
    alone = crossed(table)
    assert crossed(table, np.arange(8))[:4] == pytest.approx(alone[:4])
    doubled = np.repeat(table, 2, axis=1)
    assert crossed(doubled, np.repeat(np.arange(8), 2))[:4] == pytest.approx(alone[:4])
    assert crossed(doubled).high < alone.high  # taking them for independent items would be too sure


def test_unequal_groups_keep_the_mean_over_items() -> None:
    table = rng().normal(size=(5, 7))
    assert crossed(table, np.array(list("aaabbcd"))).estimate == pytest.approx(table.mean())
    assert squares(table, np.array(list("aaabbcd"))).items == 4


def test_below_five_seeds_there_is_no_interval() -> None:
    for made in (crossed(np.ones((4, 9))), t_interval(np.ones(4)), from_squares(1.0, squares(np.ones((4, 9))), 9)):
        assert made.estimate == 1 and math.isnan(made.low) and math.isnan(made.high)
    assert math.isnan(t_interval(np.zeros(0)).estimate)


def test_no_spread_is_a_point() -> None:
    assert crossed(np.full((5, 4), 0.25))[:3] == (0.25, 0.25, 0.25)


def test_wilson_by_hand() -> None:
    """0 of 10: middle = z^2/20 / (1 + z^2/10), half the same: from 0 to z^2/10 / (1 + z^2/10) = .3841 / 1.3841."""
    assert wilson(0, 10)[:3] == pytest.approx((0, 0, 0.38415 / 1.38415), abs=1e-5)
    low, high = wilson(3, 10)[1:3]
    assert wilson(7, 10)[1:3] == pytest.approx((1 - high, 1 - low))
    assert math.isnan(wilson(0, 0).estimate)


def test_over_items_is_student_over_items_and_knows_groups() -> None:
    values = rng().normal(size=30)
    half = t.ppf(0.975, 29) * values.std(ddof=1) / math.sqrt(30)
    assert over_items(values)[:3] == pytest.approx((values.mean(), values.mean() - half, values.mean() + half))
    assert over_items(np.repeat(values, 2), np.repeat(np.arange(30), 2))[:3] == pytest.approx(over_items(values)[:3])


def study(luck: np.random.Generator, seeds: int, items: int, seed_sd: float, item_sd: float) -> np.ndarray:
    """Differences of two equal arms: each item is answered right or wrong, so a difference is -1, 0 or 1."""
    lean = luck.normal(0, seed_sd, (seeds, 1)) + luck.normal(0, item_sd, (1, items))
    one, other = (luck.normal(size=(seeds, items)) + side * lean / 2 > 0 for side in (1, -1))
    return one.astype(float) - other


@pytest.mark.parametrize(
    ("seeds", "items", "seed_sd", "item_sd"),
    [(5, 200, 0.0, 0.0), (5, 200, 0.2, 0.0), (5, 60, 0.0, 0.8), (8, 300, 0.2, 0.5), (10, 100, 0.1, 1.0)],
)
def test_two_equal_arms_are_seldom_told_apart(seeds: int, items: int, seed_sd: float, item_sd: float) -> None:
    """400 simulated studies a cell with no true difference: at most 7 % of the intervals exclude 0."""
    luck = rng(seeds * items)
    wrong = 0
    for _ in range(400):
        made = crossed(study(luck, seeds, items, seed_sd, item_sd))
        wrong += made.low > 0 or made.high < 0
    assert wrong / 400 <= 0.07


def test_a_true_difference_is_seen() -> None:
    """The interval is no alibi: with a real lean on every item, nearly every study finds it."""
    luck = rng(3)
    found = 0
    for _ in range(100):
        lean = 0.4 + luck.normal(0, 0.1, (8, 1))
        one, other = (luck.normal(size=(8, 200)) + side * lean / 2 > 0 for side in (1, -1))
        found += crossed(one.astype(float) - other).low > 0
    assert found >= 95


def test_resampling_seeds_and_items_agrees_where_there_are_many() -> None:
    """With 40 seeds and 60 items the two-way bootstrap's spread is that of the formula, within a fifth.

    The bootstrap of both sides counts the rest up to three times; it is small here, so that does not show.
    """
    luck = rng(11)
    table = luck.normal(0, 1, (40, 1)) + luck.normal(0, 1, (1, 60)) + luck.normal(0, 0.5, (40, 60))
    means = []
    for _ in range(2000):
        rows, columns = luck.integers(0, 40, 40), luck.integers(0, 60, 60)
        means.append(table[np.ix_(rows, columns)].mean())
    assert np.std(means) == pytest.approx(math.sqrt(variance(squares(table)).value), rel=0.2)
