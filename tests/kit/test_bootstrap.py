"""Resampled means against the plain loop with the same luck, against moments, and whole groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.kit.intervals import bootstrap, over_items


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def plain(values: np.ndarray, luck: np.random.Generator, draws: int) -> np.ndarray:
    """One resample after the other; the luck of eight parts, as the function has it."""
    parts = np.array_split(np.arange(draws), 8)
    return np.array(
        [
            values[part.integers(0, len(values), len(values))].sum() / len(values)
            for part, numbers in zip(luck.spawn(8), parts, strict=True)
            for _ in numbers
        ]
    )


def test_equal_to_the_plain_loop_on_ten_thousand_items() -> None:
    values = rng(1).normal(size=10_000)
    assert np.array_equal(bootstrap(values, rng(2), 100), plain(values, rng(2), 100))


def test_few_distinct_values_are_counted_with_the_same_luck() -> None:
    """-1, 0, 1 on 10,000 items: each draw is one multinomial draw of three counts."""
    values = rng(1).integers(-1, 2, 10_000).astype(float)
    kinds, often = np.unique(values, return_counts=True)
    made = []
    for luck, numbers in zip(rng(2).spawn(8), np.array_split(np.arange(100), 8), strict=True):
        made += [(luck.multinomial(10_000, often / 10_000) @ kinds) / 10_000 for _ in numbers]
    assert bootstrap(values, rng(2), 100) == pytest.approx(np.array(made), abs=1e-12)


@pytest.mark.parametrize("kind", ["few", "many", "blocks"])
def test_moments_are_those_of_a_mean(kind: str) -> None:
    """Mean m and standard deviation s / sqrt(n) of resampled means; 4,000 draws, so 5 standard errors of each."""
    values = {
        "few": rng(1).integers(0, 2, 5_000).astype(float),
        "many": rng(1).exponential(size=5_000),
        "blocks": rng(1).exponential(size=40_000),
    }[kind]
    made, spread = bootstrap(values, rng(2), 4_000), values.std() / np.sqrt(len(values))
    assert made.mean() == pytest.approx(values.mean(), abs=5 * spread / np.sqrt(4_000))
    assert made.std() == pytest.approx(spread, rel=5 / np.sqrt(2 * 4_000))


def test_blocks_and_the_plain_loop_have_one_distribution() -> None:
    """The algorithms differ above 16,384 items; their quantiles agree within the noise of 2,000 draws."""
    values = rng(1).standard_t(4, size=20_000)
    one, other = bootstrap(values, rng(2), 2_000), plain(values, rng(3), 2_000)
    spread = values.std() / np.sqrt(len(values))
    at = [0.025, 0.25, 0.5, 0.75, 0.975]
    assert np.quantile(one, at) == pytest.approx(np.quantile(other, at), abs=0.3 * spread)


def test_groups_of_one_are_items() -> None:
    values = rng(1).normal(size=3_000)
    made, alone = bootstrap(values, rng(2), 2_000, np.arange(3_000)), bootstrap(values, rng(2), 2_000)
    assert made == pytest.approx(alone)


def test_groups_are_drawn_whole() -> None:
    """Ten equal items a group: the spread is that of the groups' means, sqrt(10) times what items alone would have."""
    by_group = rng(1).normal(size=400)
    values, groups = np.repeat(by_group, 10), np.repeat(np.arange(400), 10)
    made = bootstrap(values, rng(2), 4_000, groups)
    assert made.std() == pytest.approx(by_group.std() / 20, rel=0.06)
    interval = over_items(values, groups)
    assert np.quantile(made, [0.025, 0.975]) == pytest.approx(
        [interval.low, interval.high], abs=0.15 * by_group.std() / 20
    )


def test_unequal_groups_by_hand() -> None:
    """Groups {0} and {1, 1, 1}: a draw of two groups has mean 0, 1 or 3/4."""
    made = bootstrap(np.array([0.0, 1, 1, 1]), rng(), 200, np.array([0, 1, 1, 1]))
    assert {round(value, 6) for value in made.tolist()} == {0.0, 0.75, 1.0}


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=40), st.integers(1, 20), st.integers(0, 99))
def test_means_stay_within_the_values(values: list[float], draws: int, seed: int) -> None:
    made = bootstrap(np.array(values), rng(seed), draws)
    assert len(made) == draws
    assert (made >= min(values) - 1e-9).all() and (made <= max(values) + 1e-9).all()
