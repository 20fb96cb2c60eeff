"""Tests, corrections, trends, components and power: by hand, against scipy and statsmodels, against simulation."""

import math
import warnings

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as their_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from tutelage.kit.intervals import (
    EXACT,
    Components,
    Interval,
    Squares,
    components,
    correlation_over_seeds,
    crossed,
    from_squares,
    holm,
    mcnemar,
    over_items,
    p_value,
    paired_t,
    power,
    rank_trend,
    seeds_needed,
    spending,
    squares,
    t_interval,
    tost,
    wilcoxon,
    wilson,
)

numbers = st.lists(st.floats(-9, 9, allow_subnormal=False).map(lambda x: round(x, 3)), min_size=5, max_size=20)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


# ---------- intervals at another level, their standard error, their p-value


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95, 0.99])
def test_every_interval_takes_a_level_and_names_its_standard_error(level: float) -> None:
    table = rng().normal(size=(7, 30)) + rng(1).normal(size=(7, 1))
    made = [crossed(table, level=level), from_squares(0.2, squares(table), 30, level), t_interval(table[:, 0], level),
            over_items(table[0], level=level)]  # fmt: skip
    for one in made:
        half = scipy.stats.t.ppf((1 + level) / 2, one.df) * one.se
        assert (one.low, one.high) == pytest.approx((one.estimate - half, one.estimate + half))
    theirs = scipy.stats.ttest_1samp(table[:, 0], 0).confidence_interval(level)
    assert made[2][1:3] == pytest.approx(tuple(theirs))
    assert wilson(7, 30, level)[1:3] == pytest.approx(proportion_confint(7, 30, 1 - level, "wilson"))
    assert wilson(7, 30, level).se == pytest.approx(math.sqrt(7 / 30 * 23 / 30 / 30))


def test_an_interval_without_a_standard_error_has_no_p_value() -> None:
    for one in (t_interval(np.ones(4)), wilson(0, 0), over_items(np.ones(1)), wilson(0, 9), wilson(9, 9)):
        assert math.isnan(p_value(one, 0.5)) and math.isnan(tost(one, 0.1))
    assert math.isnan(Interval(0.0, 0.0, 0.0, 4, 5, 1).se)


def test_p_value_by_hand() -> None:
    """Mean .5 with se .25 at 2 df is t = 2, and P(|T| > t) at 2 df is 1 - t / sqrt(t^2 + 2) = 1 - 2 / sqrt(6)."""
    assert p_value(Interval(0.5, 0, 1, 2, 3, 0, 0.25)) == pytest.approx(1 - 2 / math.sqrt(6))
    assert p_value(Interval(0.5, 0, 1, math.inf, 3, 0, 0.25)) == pytest.approx(math.erfc(2 / math.sqrt(2)))


def test_without_any_spread_a_mean_is_what_it_is() -> None:
    """Neutral limit: all differences alike."""
    same = t_interval(np.full(6, 0.25))
    assert (p_value(same), p_value(same, 0.25)) == (0, 1)
    assert (tost(same, 0.2), tost(same, 0.3)) == (1, 0)
    assert paired_t(np.full(6, 0.25)) == (math.inf, 0) and paired_t(np.zeros(6)) == (0, 1)


@settings(deadline=None)
@given(st.integers(0, 500), st.floats(-1, 1), st.floats(0.02, 0.3))
def test_p_value_and_equivalence_say_what_the_interval_says(seed: int, null: float, alpha: float) -> None:
    """p < 1 - level just where the interval excludes the null; tost < a just where that at 1 - 2 a lies within."""
    table = rng(seed).normal(size=(6, 8)) + rng(seed + 1).normal(size=(6, 1))
    made = crossed(table, level=1 - alpha)
    assert (p_value(made, null) < alpha) == (not made.low <= null <= made.high)
    small = crossed(table, level=1 - 2 * alpha)
    assert (tost(small, abs(null) + 0.01) < alpha) == (max(-small.low, small.high) < abs(null) + 0.01)


# ---------- tests


def test_paired_t_by_hand_and_at_its_edges() -> None:
    """0, 1, 2: mean 1, variance 1, se 1 / sqrt(3), so t = sqrt(3) at 2 df: p = 1 - sqrt(3) / sqrt(5)."""
    assert paired_t(np.array([0.0, 1, 2])) == pytest.approx((math.sqrt(3), 1 - math.sqrt(0.6)))
    assert all(map(math.isnan, paired_t(np.ones(1))))


@settings(deadline=None)
@given(numbers)
def test_t_and_equivalence_equal_scipy_and_statsmodels(values: list[float]) -> None:
    table = np.array(values)
    if table.std() < 1e-3:
        return
    theirs = scipy.stats.ttest_1samp(table, 0)
    assert paired_t(table) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert p_value(t_interval(table)) == pytest.approx(theirs.pvalue)
    assert tost(t_interval(table), 2.0) == pytest.approx(DescrStatsW(table).ttost_mean(-2.0, 2.0)[0], abs=1e-9)


def test_equivalence_needs_a_margin() -> None:
    with pytest.raises(ValueError, match="margin above 0"):
        tost(t_interval(np.arange(5.0)), 0)


def test_wilcoxon_by_hand() -> None:
    """1, 2, -3, zeros aside: ranks 1, 2 and 3; 3 on either side. Of 8 patterns 5 have a sum up to 3: 2 x 5/8 > 1.

    1, 1, 1: mean ranks of 2 each; the sum is 0 for one pattern of 8, so p = 2 / 8.
    -1, 2, 2, 2: ranks 1, 3, 3, 3; sums up to 1: none negative, or the first alone: 2 of 16 on each side, p = 1/4.
    """
    assert wilcoxon(np.array([1.0, 2, -3, 0])) == (3, 1)
    assert wilcoxon(np.ones(3)) == (0, 0.25)
    assert wilcoxon(np.array([-1.0, 2, 2, 2])) == (1, 0.25)
    assert wilcoxon(np.zeros(4)) == (0, 1)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 9999), st.integers(1, EXACT))
def test_wilcoxon_without_ties_equals_scipys_exact(seed: int, n: int) -> None:
    values = rng(seed).normal(0.3, 1, n)
    theirs = scipy.stats.wilcoxon(values, method="exact")
    assert wilcoxon(values) == pytest.approx((theirs.statistic, theirs.pvalue))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=8).filter(any))
def test_wilcoxon_with_ties_and_zeros_equals_all_sign_patterns(values: list[int]) -> None:
    kept = np.array([value for value in values if value], dtype=float)
    ranks = scipy.stats.rankdata(np.abs(kept))
    sums = [sum(rank for bit, rank in enumerate(ranks) if pattern >> bit & 1) for pattern in range(2 ** len(kept))]
    seen = min(ranks[kept > 0].sum(), ranks[kept < 0].sum())
    obvious = min(1.0, 2 * np.mean(np.array(sums) <= seen))
    assert wilcoxon(np.array(values, dtype=float)) == pytest.approx((seen, obvious))


def test_wilcoxon_with_ties_equals_scipys_permutations() -> None:
    values = np.array([1.0, 1, 2, -2, 3, 3, -1, 4, 0, 2])
    theirs = scipy.stats.wilcoxon(values, method=scipy.stats.PermutationMethod(n_resamples=10_000))
    assert wilcoxon(values) == pytest.approx((theirs.statistic, theirs.pvalue))


@pytest.mark.parametrize("seed", range(5))
def test_wilcoxon_of_many_equals_scipys_normal(seed: int) -> None:
    values = rng(seed).integers(-9, 10, EXACT + 30).astype(float)
    theirs = scipy.stats.wilcoxon(values, method="asymptotic", correction=False)
    assert wilcoxon(values) == pytest.approx((theirs.statistic, theirs.pvalue))


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_equals_statsmodels_and_the_binomial_test(b: int, c: int) -> None:
    theirs = their_mcnemar([[5, b], [c, 7]], exact=True)
    assert mcnemar(b, c) == pytest.approx((theirs.statistic, theirs.pvalue))
    if b + c:
        assert mcnemar(b, c).p == pytest.approx(scipy.stats.binomtest(b, b + c).pvalue)


def test_mcnemar_by_hand() -> None:
    """0 against 5: 2 / 2^5. Nothing discordant: no evidence."""
    assert mcnemar(0, 5) == (0, 1 / 16) and mcnemar(0, 0) == (0, 1)


# ---------- many at once, many looks


def test_holm_by_hand() -> None:
    """.01, .02, .03, .5: 4 x .01 = .04; 3 x .02 = .06; 2 x .03 = .06, not less; 1 x .5. One question is left alone."""
    assert holm([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.06, 0.06])
    assert holm([0.2]).tolist() == [0.2] and holm([]).tolist() == []
    assert holm([0.9, 0.8]).tolist() == [1, 1]


def test_holm_counts_a_question_without_an_answer() -> None:
    made = holm([0.01, math.nan, 0.04])
    assert made[[0, 2]] == pytest.approx([0.03, 0.08]) and math.isnan(made[1])


@settings(deadline=None, max_examples=20)  # theirs takes 60 ms a call
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_equals_statsmodels(values: list[float]) -> None:
    assert holm(values) == pytest.approx(multipletests(values, method="holm")[1])


def test_spending_by_hand() -> None:
    """Half way O'Brien-Fleming has spent 2 - 2 Phi(1.95996 sqrt 2) = 2 - 2 Phi(2.77181) = .005575 of .05."""
    assert spending(2) == pytest.approx([0.005575, 0.044425], abs=1e-6)
    assert spending([0.2, 1.0], 0.1, "pocock") == pytest.approx(
        [0.1 * math.log(1 + 0.2 * (math.e - 1)), 0.1 - 0.1 * math.log(1 + 0.2 * (math.e - 1))]
    )


@pytest.mark.parametrize("rule", ["o_brien_fleming", "pocock"])
@pytest.mark.parametrize("looks", [1, 2, 5, (0.25, 0.3, 1.0)])
def test_spending_adds_up_to_alpha(rule, looks) -> None:
    """One look is the plain test: all of alpha."""
    made = spending(looks, 0.05, rule)
    assert made.sum() == pytest.approx(0.05) and (made > 0).all()


@pytest.mark.parametrize("looks", [0, (0.5, 0.4, 1), (0.5, 0.9), (0.0, 1.0), ()])
def test_spending_refuses_what_is_no_plan(looks) -> None:
    with pytest.raises(ValueError, match="rise from above 0 to 1"):
        spending(looks)


@pytest.mark.parametrize("rule", ["o_brien_fleming", "pocock"])
def test_looking_again_and_again_keeps_the_level(rule) -> None:
    """1,000 studies of two equal arms, looked at after 5, 10, 15 and 20 seeds: found different in at most 5 % + noise."""
    levels, luck, wrong = spending(4, 0.05, rule), rng(7), 0
    plain = 0
    for _ in range(1000):
        values = luck.normal(size=20)
        looks = [p_value(t_interval(values[: 5 * look])) for look in (1, 2, 3, 4)]
        wrong += any(p < level for p, level in zip(looks, levels, strict=True))
        plain += any(p < 0.05 for p in looks)
    assert wrong / 1000 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)
    assert plain / 1000 > 0.08  # what it guards against is there


# ---------- trends


def test_rank_trend_by_hand() -> None:
    """Ranks 1 2 3 against 1 3 2: 1 - 6 (0 + 1 + 1) / (3 x 8) = .5; against themselves 1; against 3 2 1: -1."""
    made = rank_trend([1, 2, 3], [[1, 9, 4], [1, 2, 3], [3, 2, 1], [1, 9, 4], [2, 20, 9]])
    assert made.estimate == pytest.approx((0.5 + 1 - 1 + 0.5 + 0.5) / 5)
    assert made[:3] == pytest.approx(t_interval(np.array([0.5, 1, -1, 0.5, 0.5]))[:3])


def test_points_that_are_missing_are_left_out_seed_by_seed() -> None:
    values = [[1, None, 2, 3], [1, 2, None, 3], [5, 5, 5, 5], [None, None, 1, 2], [4, 3, 2, 1]]
    made = rank_trend([1, 2, 3, None], values)
    assert made.seeds == 1 and made.estimate == -1 and math.isnan(made.low)  # only the last has three points with x
    made = rank_trend([1, 2, 3, 4], values)
    assert made.seeds == 3 and made.estimate == pytest.approx(1 / 3)
    assert math.isnan(rank_trend([1, 2, 3], [[None, None, None]]).estimate)


@settings(deadline=None)
@given(st.integers(0, 999))
def test_correlations_equal_scipy(seed: int) -> None:
    one, other = rng(seed).integers(0, 5, (6, 9)).astype(float), rng(seed + 1).normal(size=(6, 9))
    if (np.ptp(one, axis=1) == 0).any():
        return
    with warnings.catch_warnings():
        ranked = [scipy.stats.spearmanr(one[0], row).statistic for row in other]
        plain = [scipy.stats.pearsonr(a, b).statistic for a, b in zip(one, other, strict=True)]
    assert rank_trend(one[0], other) == pytest.approx(t_interval(np.array(ranked)), nan_ok=True)
    assert correlation_over_seeds(one, other) == pytest.approx(t_interval(np.array(plain)), nan_ok=True)


# ---------- components and power


def test_components_by_hand_and_never_below_0() -> None:
    """[[1, 3], [2, 8]] has mean squares 9, 16, 4: (9 - 4) / 2, (16 - 4) / 2, 4. A side below the rest is 0."""
    assert components(squares(np.array([[1.0, 3], [2, 8]]))) == pytest.approx((2.5, 6, 4))
    assert components(Squares(1, 9, 4, 5, 10)) == (0, 1, 4)


def test_components_are_those_that_the_table_was_made_of() -> None:
    luck = rng(5)
    table = luck.normal(0, 2, (400, 1)) + luck.normal(0, 1, (1, 500)) + luck.normal(0, 3, (400, 500))
    assert components(squares(table)) == pytest.approx((4, 1, 9), rel=0.2)


@pytest.mark.parametrize("seeds", [5, 8, 20])
def test_power_with_seeds_alone_is_that_of_the_paired_t_test(seeds: int) -> None:
    """Neutral limit: no item side and no rest leave one value a seed, df = S - 1."""
    for effect in (0.0, 0.3, 1.0, 4.0):
        theirs = TTestPower().power(effect / 0.7, seeds, 0.05)
        assert power(effect, Components(0.49, 0, 0), seeds, 100) == pytest.approx(theirs, abs=1e-6)
    assert power(-1.0, Components(0.49, 0, 0), seeds, 100) == power(1.0, Components(0.49, 0, 0), seeds, 100)


def test_power_at_its_edges() -> None:
    one = Components(0.01, 0.01, 0.2)
    assert power(0, one, 10, 100) == pytest.approx(0.05) and power(0, one, 10, 100, 0.9) == pytest.approx(0.1)
    assert power(1e6, one, 10, 100) == 1
    assert power(9, one, 4, 100) == 0  # no interval, so nothing is found
    assert power(0.1, Components(0, 0, 0), 5, 100) == 1 and power(0, Components(0, 0, 0), 5, 100) == 0


def test_seeds_needed_is_the_first_number_with_that_power() -> None:
    one = Components(0.002, 0.01, 0.3)
    found = seeds_needed(0.04, one, 1000)
    assert found is not None and found > 5
    assert power(0.04, one, found, 1000) >= 0.8 > power(0.04, one, found - 1, 1000)
    assert seeds_needed(9.0, one, 1000) == 5
    assert seeds_needed(0.04, one, 1000, most=found - 1) is None


def test_more_seeds_do_not_help_an_exam_that_is_too_small() -> None:
    """Items with variance .04 on an exam of 16: se .05 whatever the seeds, so .05 is never seen well."""
    assert seeds_needed(0.05, Components(0.001, 0.04, 0.1), 16) is None
    assert seeds_needed(0.05, Components(0.001, 0.04, 0.1), 1000) is not None


@pytest.mark.parametrize(
    ("of", "seeds", "items", "effect"),
    [
        (Components(1.0, 0.0, 4.0), 6, 40, 1.2),
        (Components(0.0, 1.0, 4.0), 8, 30, 0.7),
        (Components(0.5, 2.0, 4.0), 10, 25, 1.0),
    ],
)
def test_power_is_how_often_normal_tables_are_found(of: Components, seeds: int, items: int, effect: float) -> None:
    luck, found = rng(seeds), 0
    for _ in range(1000):
        table = effect + luck.normal(0, of.rest**0.5, (seeds, items))
        table += luck.normal(0, of.seed**0.5, (seeds, 1)) + luck.normal(0, of.item**0.5, (1, items))
        made = crossed(table)
        found += made.low > 0 or made.high < 0
    assert found / 1000 == pytest.approx(power(effect, of, seeds, items), abs=0.06)
