"""Verdicts between two tables of scores: by hand, at the neutral limits, and where interval and exact test part."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, t, ttest_1samp

from tutelage.core.rng import stream
from tutelage.kit.intervals import crossed, over_items
from tutelage.study.foreign.contrast import Contrast, Wish, judged
from tutelage.study.foreign.paired import Paired


def told(one, other, groups=None, higher: bool = True, **wish) -> Contrast:
    tables = [np.atleast_2d(np.asarray(table, dtype=float)) for table in (one, other)]
    pair = Paired(*tables, None if groups is None else np.asarray(groups), ())
    return judged(pair, ("B", "A", "score"), higher, Wish(**wish), stream(0, "compare/files"))


def zeros_and_ones(both: int, only_a: int, only_b: int, none: int = 0) -> tuple[np.ndarray, np.ndarray]:
    a = np.repeat([1, 1, 0, 0], [both, only_a, only_b, none])
    return a, np.repeat([1, 0, 1, 0], [both, only_a, only_b, none])


def test_one_seed_by_hand() -> None:
    """Differences .1 .2 .3 .4: mean .25, s^2 = .05/3, se = sqrt(.05/12) = .0645; t(.975, 3) = 3.1824: ± .2054."""
    made = told([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4])
    half = t.ppf(0.975, 3) * math.sqrt(0.05 / 12)
    assert half == pytest.approx(0.2054, abs=1e-4)
    assert (made.estimate, made.low, made.high) == pytest.approx((0.25, 0.25 - half, 0.25 + half))
    assert (made.verdict, made.items, made.seeds, made.groups, made.test) == ("better", 4, 1, 0, "t")
    assert made.p == pytest.approx(ttest_1samp([0.1, 0.2, 0.3, 0.4], 0).pvalue)


def test_mcnemar_by_hand() -> None:
    """Only A right on 1 item, only B on 9: p = 2 (1 + 10) / 2^10 = .0215."""
    made = told(*zeros_and_ones(50, 1, 9, 40))
    assert made.p == pytest.approx(22 / 1024) and made.test == "McNemar, exact"
    assert made.verdict == "better" and made.estimate == pytest.approx(0.08)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_the_exact_test_is_the_binomial_one(both: int, only_a: int, only_b: int) -> None:
    a, b = zeros_and_ones(both, only_a, only_b, 3)
    expected = binomtest(only_b, only_a + only_b, 0.5).pvalue if only_a + only_b else 1.0
    assert told(a, b, draws=0).p == pytest.approx(expected)


def test_better_needs_the_exact_test_too() -> None:
    """Five items that only B got, of 100: Student's interval leaves out 0, the exact p is 2 / 2^5 = .0625."""
    made = told(*zeros_and_ones(50, 0, 5, 45))
    assert made.low > 0 and made.p == pytest.approx(0.0625) and made.verdict == "unclear"
    assert any("does not agree" in note for note in made.notes)
    assert told(*zeros_and_ones(50, 0, 6, 44)).verdict == "better"


def test_groups_take_the_items_place_and_there_is_no_exact_test() -> None:
    """Every item eight times within its group: the interval of the groups, not of eight times as many items."""
    a, b = zeros_and_ones(20, 4, 12, 10)
    made = told(np.repeat(a, 8), np.repeat(b, 8), np.repeat(np.arange(46), 8))
    alone = over_items((b - a).astype(float))
    assert (made.estimate, made.low, made.high) == pytest.approx(alone[:3])
    assert (made.test, made.groups, made.items) == ("t", 46, 368)
    assert made.high - made.low > 2 * (told(np.repeat(a, 8), np.repeat(b, 8)).high - made.estimate)


@pytest.mark.parametrize("seeds", [1, 3, 6])
def test_groups_are_what_the_kit_makes_of_them(seeds: int) -> None:
    luck = np.random.Generator(np.random.PCG64(seeds))
    a, b, groups = luck.normal(size=(seeds, 60)), luck.normal(size=(seeds, 60)), luck.integers(0, 13, 60)
    made = told(a, b, groups, draws=0)
    expected = crossed(b - a, groups) if seeds >= 5 else over_items((b - a).mean(0), groups)
    assert (made.estimate, made.low, made.high) == pytest.approx(expected[:3])


def test_five_seeds_are_crossed_with_items() -> None:
    luck = np.random.Generator(np.random.PCG64(1))
    a, b = luck.normal(size=(5, 40)), luck.normal(0.5, 1, size=(5, 40))
    made = told(a, b)
    assert (made.estimate, made.low, made.high) == pytest.approx(crossed(b - a)[:3])
    assert made.resampled is None and "seeds crossed with items" in made.notes[0]


def test_two_to_four_seeds_are_averaged_and_said_so() -> None:
    luck = np.random.Generator(np.random.PCG64(1))
    a, b = luck.normal(size=(4, 40)), luck.normal(0.5, 1, size=(4, 40))
    made = told(a, b)
    assert (made.estimate, made.low, made.high) == pytest.approx(over_items((b - a).mean(0))[:3])
    assert "does not cover other seeds" in made.notes[0] and made.resampled is not None


def test_the_cross_check_agrees_with_the_interval_where_there_are_many_items() -> None:
    luck = np.random.Generator(np.random.PCG64(4))
    made = told(luck.normal(size=2_000), luck.normal(0.1, 1, 2_000))
    assert made.resampled == pytest.approx((made.low, made.high), abs=0.1 * (made.high - made.low))


def test_tie_needs_a_margin_and_an_interval_inside_it() -> None:
    """1,000 items, 10 apart each way: ± .0088. Inside .01, not inside .005; and without a margin unclear."""
    a, b = zeros_and_ones(900, 10, 10, 80)
    assert [told(a, b, tie=margin).verdict for margin in (None, 0.005, 0.01)] == ["unclear", "unclear", "tie"]


def test_better_comes_before_tie() -> None:
    luck = np.random.Generator(np.random.PCG64(1))
    assert told(np.zeros(500), luck.normal(0.05, 0.01, 500), tie=1.0).verdict == "better"


def test_less_is_better_turns_the_difference() -> None:
    up, down = told([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4]), told([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4], higher=False)
    assert (down.estimate, down.low, down.high) == pytest.approx((-up.estimate, -up.high, -up.low))
    assert down.verdict == "worse" and down.p == up.p


def test_agreeing_in_every_item_is_no_proof_by_itself() -> None:
    """10 items: a share of 1 - .025^(1/10) = .308 may differ; 1,000: .0037, which is a tie within .01."""
    few, many = told(np.ones(10), np.ones(10), tie=0.01), told(np.ones(1000), np.ones(1000), tie=0.01)
    assert few.high == pytest.approx(0.3085, abs=1e-4) and few.verdict == "unclear"
    assert many.high == pytest.approx(0.00368, abs=1e-5) and many.verdict == "tie"
    wide = told(np.linspace(0, 50, 10), np.linspace(0, 50, 10))
    assert wide.high == pytest.approx(50 * 0.3085, abs=1e-2) and wide.p == 1.0


def test_one_item_says_nothing() -> None:
    made = told([0.2], [0.7], tie=1.0)
    assert math.isnan(made.low) and math.isnan(made.p) and made.verdict == "unclear"
    assert any("no interval" in note for note in made.notes)


def test_two_equal_files_are_seldom_told_apart() -> None:
    """600 pairs of equal arms on 60 items of 0 and 1: a false better or worse in at most 5 % of them."""
    luck = np.random.Generator(np.random.PCG64(9))
    wrong = 0
    for _ in range(600):
        ease = luck.random(60)
        made = told(luck.random(60) < ease, luck.random(60) < ease, draws=0)
        wrong += made.verdict in ("better", "worse")
    assert wrong / 600 <= 0.05
