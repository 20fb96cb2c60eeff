"""Messages of a known count: brute force, hand-worked bags, extreme log-odds, bags of all sizes at once."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.core.rng import stream
from tutelage.kit.counting import LIMIT, count_messages, planned


def sent(odds: list[float], count: float, strength: float) -> np.ndarray:
    """One bag."""
    odds = np.array(odds, dtype=np.float64)
    return count_messages(planned(np.array([0, len(odds)])), odds, np.array([count]), strength)


def obvious(odds: list[float], count: float, strength: float) -> np.ndarray:
    """Every assignment of the others, one by one, in logarithms."""
    out = []
    for i in range(len(odds)):
        others = [h for j, h in enumerate(odds) if j != i]
        up, down = [], []
        for y in itertools.product((0, 1), repeat=len(others)):
            mass = sum(h * one for h, one in zip(others, y, strict=True))
            up.append(mass - strength * (sum(y) + 1 - count) ** 2)
            down.append(mass - strength * (sum(y) - count) ** 2)
        out.append(np.logaddexp.reduce(up) - np.logaddexp.reduce(down))
    return np.clip(out, -LIMIT, LIMIT)


def test_by_hand() -> None:
    """Two members, one of them in, no opinion yet, strength 1: r = log (1/2 e^0 + 1/2 e^-1) / (1/2 e^-1 + 1/2 e^0) = 0.
    Count 2: r = log (e^-1 + e^0) / (e^-4 + e^-1) = log 1.3679 / 0.3862 = 1.2646."""
    assert sent([0, 0], 1, 1.0) == pytest.approx(0)
    assert sent([0, 0], 2, 1.0) == pytest.approx(math.log((1 + math.exp(-1)) / (math.exp(-4) + math.exp(-1))))
    assert sent([0, 0], 2, 1.0)[0] == pytest.approx(1.2646, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-30, 30), min_size=1, max_size=8),
    st.integers(0, 8),
    st.sampled_from([0.0, 0.3, 10.0, 1000.0]),
)
def test_equals_the_sum_over_all_assignments(odds: list[float], count: int, strength: float) -> None:
    count = min(count, len(odds))
    assert sent(odds, count, strength) == pytest.approx(obvious(odds, count, strength), abs=1e-8)


@pytest.mark.parametrize("count", [0, 1, 7, 20, 39, 40])
def test_stays_exact_where_probabilities_underflow(count: int) -> None:
    """40 members at +-30 nats: products down to exp(-1200). All alike by sign, so the sums go over counts of two
    groups: C(a, i) C(b, j) exp(30 (i - j)) of the a and b others."""
    odds = np.where(np.arange(40) % 3 == 0, -30.0, 30.0)
    found = sent(odds.tolist(), count, 10.0)
    plus, minus = int((odds > 0).sum()), int((odds < 0).sum())
    for sign, a, b in ((1, plus - 1, minus), (-1, plus, minus - 1)):
        terms = [(i + j, math.log(math.comb(a, i)) + math.log(math.comb(b, j)) + 30.0 * (i - j))
                 for i in range(a + 1) for j in range(b + 1)]  # fmt: skip
        up, down = ([mass - 10 * (k + more - count) ** 2 for k, mass in terms] for more in (1, 0))
        true = np.logaddexp.reduce(up) - np.logaddexp.reduce(down)
        assert found[odds * sign > 0] == pytest.approx(np.clip(true, -LIMIT, LIMIT), abs=1e-9)


def test_no_opinion_and_a_hard_count_give_the_share() -> None:
    """By exchangeability P(in) = S / b; log-odds log S / (b - S)."""
    for size, count in ((8, 3), (30, 29), (200, 1)):
        assert sent([0.0] * size, count, 1e6) == pytest.approx(math.log(count / (size - count)), abs=1e-6)


def test_none_in_and_all_in() -> None:
    assert (sent([5.0, -5.0, 0.0], 0, 1e6) == -LIMIT).all() and (sent([5.0, -5.0, 0.0], 3, 1e6) == LIMIT).all()


def test_a_bag_of_one_says_its_count() -> None:
    """exp(-strength (1 - S)^2) against exp(-strength S^2): log-odds strength (2 S - 1)."""
    assert sent([3.0], 1, 7.0) == pytest.approx(7) and sent([-40.0], 0, 7.0) == pytest.approx(-7)


def test_in_and_out_change_places() -> None:
    odds = stream(0, "odds").normal(size=9) * 4
    assert sent(odds.tolist(), 4, 2.0) == pytest.approx(-sent((-odds).tolist(), 5, 2.0), abs=1e-9)


def test_bags_of_all_sizes_at_once_say_what_each_says_alone() -> None:
    """Bags of like size are filled up and computed together; a large one has a chunk of its own."""
    rng = stream(1, "odds")
    sizes = np.concatenate([rng.integers(1, 60, 200), [700]])
    starts = np.append(0, np.cumsum(sizes))
    odds = rng.normal(size=starts[-1]) * 8
    counts = np.floor(rng.random(len(sizes)) * (sizes + 1))
    found = count_messages(planned(starts), odds, counts, 10.0)
    for bag in (0, 7, 100, 199, 200):
        part = slice(starts[bag], starts[bag + 1])
        assert found[part] == pytest.approx(sent(odds[part].tolist(), counts[bag], 10.0), abs=1e-8)
