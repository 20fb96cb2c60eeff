"""The statistics of the referee: intervals, tests of differences, corrections for many of them, and power.

Intervals are of seeds crossed with items, of seeds alone, of items alone and of a share; at 95 % unless told.

Differences between two arms form a seeds x items table d_si = m + seed_s + item_i + rest_si with both sides random:
another run would draw other seeds, another exam other items. The variance of its mean is

    (MS_seed + MS_item - MS_rest) / (S I),   never below max(MS_seed, MS_item) / (S I),

because a sum of mean squares may fall below either by chance. Student's quantile is taken at Satterthwaite's degrees
of freedom, at least S - 1. Resampling both sides by percentiles is wrong too often at five seeds, so it only serves
as a cross-check in the tests.

Every test is two-sided. Power and the number of seeds go by the same variance and degrees of freedom, taken at the
mean squares that are expected, E MS_seed = rest + I seed, E MS_item = rest + S item, E MS_rest = rest.

Source: Satterthwaite 1946 (degrees of freedom of a sum of mean squares); Wilson 1927 (interval of a share); Wilcoxon
1945 (signed ranks); McNemar 1947; Holm 1979; Schuirmann 1987 (two one-sided tests); Lan and DeMets 1983 (the two
spending functions); Searle, Casella and McCulloch 1992 (components from mean squares).

Longer than 200 lines: a verdict uses several of these at once, and whoever checks one reads all of them in one place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.stats import binom, nct, norm, rankdata, t

from tutelage.core.data import Array, Floats

FEWEST_SEEDS = 5  # below this there is no interval over seeds
LEVEL = 0.95
FAR = 5.0  # standard errors from 0 at which an effect is seen on its wrong side with probability below 1e-6
EXACT = 50  # signed ranks up to which their distribution is counted out; beyond, the normal one is near enough


class Interval(NamedTuple):
    """low, high and se are NaN where there are too few seeds (fewer than FEWEST_SEEDS) for an interval."""

    estimate: float
    low: float
    high: float
    df: float
    seeds: int
    items: int
    se: float = math.nan  # standard error of the estimate


class Squares(NamedTuple):
    """Mean squares of a two-way table without replicates; `items` counts groups where there are groups."""

    seed: float
    item: float
    rest: float
    seeds: int
    items: int


class Variance(NamedTuple):
    """Of a mean, with its degrees of freedom."""

    value: float
    df: float


class Statistic(NamedTuple):
    """Of a test, with its two-sided p-value."""

    value: float
    p: float


class Components(NamedTuple):
    """Variances of the three sides of d_si = m + seed_s + item_i + rest_si."""

    seed: float
    item: float
    rest: float


def crossed(differences: Floats, groups: Array | None = None, level: float = LEVEL) -> Interval:
    """The mean of a (seeds, items) table whose rows and columns are both random; a group takes the item's place.

    `groups` (items,) says which items belong together (several sentences of one author, say).

    >>> table = np.array([[0.0, 1], [1, 0], [1, 1], [0, 0], [1, 1]])
    >>> [round(value, 3) for value in crossed(table)[:3]]
    [0.6, 0.081, 1.119]
    """
    table = np.asarray(differences, dtype=np.float64)
    return from_squares(float(table.mean()), squares(table, groups), table.shape[1], level)


def squares(table: Floats, groups: Array | None = None) -> Squares:
    """The mean squares of a (seeds, items) table of at least two seeds; with one item there is no item side."""
    table = by_group(np.asarray(table, dtype=np.float64), groups)
    seeds, size = table.shape
    mean, by_seed, by_item = table.mean(), table.mean(1), table.mean(0)
    ms_seed = size * float(((by_seed - mean) ** 2).sum()) / max(seeds - 1, 1)
    ms_item = seeds * float(((by_item - mean) ** 2).sum()) / max(size - 1, 1)
    rest = table - by_seed[:, None] - by_item[None, :] + mean
    ms_rest = float((rest**2).sum()) / max((seeds - 1) * (size - 1), 1)
    return Squares(ms_seed, ms_item, ms_rest, seeds, size)


def from_squares(estimate: float, table: Squares, items: int, level: float = LEVEL) -> Interval:
    """The interval of a mean whose table had these mean squares."""
    if table.seeds < FEWEST_SEEDS:
        return Interval(estimate, math.nan, math.nan, math.nan, table.seeds, items)
    return _around(estimate, variance(table), table.seeds, items, level)


def variance(table: Squares) -> Variance:
    """The variance of the mean, with the floor that the module's docstring states."""
    ms_seed, ms_item, ms_rest, seeds, size = table
    total, larger = ms_seed + ms_item - ms_rest, max(ms_seed, ms_item)
    if total <= larger:
        return Variance(larger / (seeds * size), (seeds if ms_seed >= ms_item else size) - 1)
    parts = ((ms_seed, seeds - 1), (ms_item, max(size - 1, 1)), (ms_rest, max((seeds - 1) * (size - 1), 1)))
    df = total**2 / sum(square**2 / free for square, free in parts)
    return Variance(total / (seeds * size), max(df, seeds - 1))


def t_interval(values: Floats, level: float = LEVEL) -> Interval:
    """The mean over seeds of one value each, with Student's interval: for measures that are no means of items.

    >>> [round(value, 3) for value in t_interval(np.array([1.0, 2, 3, 4, 5]))[:4]]
    [3.0, 1.037, 4.963, 4]
    """
    values = np.asarray(values, dtype=np.float64)
    seeds = len(values)
    estimate = float(values.mean()) if seeds else math.nan
    if seeds < FEWEST_SEEDS:
        return Interval(estimate, math.nan, math.nan, math.nan, seeds, 0)
    return _around(estimate, Variance(float(values.var(ddof=1)) / seeds, seeds - 1), seeds, 0, level)


def wilson(successes: float, n: int, level: float = LEVEL) -> Interval:
    """Wilson's interval of a share: for one seed and an exam of `n` independent items. NaN for no items.

    se is sqrt(share (1 - share) / n), as everywhere; the interval is not made from it.

    >>> [round(value, 3) for value in wilson(8, 10)[:3]]
    [0.8, 0.49, 0.943]
    """
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, math.nan, 1, 0)
    z, share = float(norm.ppf((1 + level) / 2)), successes / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = max(middle - half, 0.0), min(middle + half, 1.0)
    return Interval(share, low, high, math.inf, 1, n, math.sqrt(share * (1 - share) / n))


def over_items(values: Floats, groups: Array | None = None, level: float = LEVEL) -> Interval:
    """The mean over items at one seed: what another exam would give, not what another seed would.

    >>> [round(value, 3) for value in over_items(np.array([0.5, 0.7, 0.9]))[:3]]
    [0.7, 0.203, 1.197]
    """
    values = np.asarray(values, dtype=np.float64)
    estimate = float(values.mean()) if len(values) else math.nan
    apart = by_group(values[None, :], groups)[0] if len(values) else values
    if len(apart) < 2:
        return Interval(estimate, math.nan, math.nan, math.nan, 1, len(values))
    spread = Variance(float(apart.var(ddof=1)) / len(apart), len(apart) - 1)
    return _around(estimate, spread, 1, len(values), level)


def p_value(interval: Interval, null: float = 0.0) -> float:
    """Two-sided, of the estimate being `null`: Student's t at the interval's df, normal where that is infinite.

    Below 1 - level just where the interval excludes `null` (Wilson's aside, which is no estimate +- z se). NaN
    without a standard error, and for a share of 0 or 1, whose standard error of 0 says nothing.

    >>> round(p_value(t_interval(np.array([1.0, 2, 3, 4, 5]))), 4)       # t = 3 / sqrt(1/2) at 4 df
    0.0132
    """
    off, se, df = interval.estimate - null, interval.se, interval.df
    if math.isnan(se) or (se == 0 and math.isinf(df)):
        return math.nan
    return _two_sided(off, se, df)


def tost(interval: Interval, within: float) -> float:
    """p-value of equivalence: small when the estimate lies clearly inside (-within, within). NaN without an se.

    The larger of two one-sided tests; below a just where the interval at level 1 - 2 a lies inside.

    >>> round(tost(t_interval(np.array([-1.0, 0, 1, 0, 0])), 1.0), 4)    # t = 1 / sqrt(.1) at 4 df, one side
    0.0171
    """
    if not within > 0:
        raise ValueError(f"equivalence needs a margin above 0; got {within}")
    estimate, se, df = interval.estimate, interval.se, interval.df
    if math.isnan(se) or (se == 0 and math.isinf(df)):
        return math.nan
    if se == 0:
        return 0.0 if abs(estimate) < within else 1.0
    return float(max(t.sf((estimate + within) / se, df), t.cdf((estimate - within) / se, df)))


def paired_t(differences: Floats) -> Statistic:
    """Student's t of the mean difference against 0, for any two pairs or more; NaN for fewer.

    >>> [round(number, 4) for number in paired_t(np.array([1.0, 2, 3, 4, 5]))]
    [4.2426, 0.0132]
    """
    values = np.asarray(differences, dtype=np.float64)
    if len(values) < 2:
        return Statistic(math.nan, math.nan)
    mean, se = float(values.mean()), math.sqrt(float(values.var(ddof=1)) / len(values))
    value = mean / se if se else math.copysign(math.inf, mean) if mean else 0.0
    return Statistic(value, _two_sided(mean, se, len(values) - 1))


def wilcoxon(differences: Floats) -> Statistic:
    """Signed ranks against a distribution symmetric about 0; value: the smaller of the two rank sums.

    Zeros are dropped before ranking and ties share their mean rank (scipy's `zero_method="wilcox"`). Up to EXACT
    differences every sign pattern of the very ranks is counted, ties or not; beyond, the normal distribution with the
    variance that the ties leave and no continuity correction (scipy's `method="asymptotic", correction=False`).

    >>> wilcoxon(np.array([1.0, 2, 3, 4, 5]))            # one of the 32 patterns of signs on each side
    Statistic(value=0.0, p=0.0625)
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[values != 0]
    n = len(values)
    if n == 0:
        return Statistic(0.0, 1.0)
    twice = np.rint(2 * rankdata(np.abs(values))).astype(np.int64)  # mean ranks are halves at worst
    least = min(int(twice[values > 0].sum()), int(twice[values < 0].sum()))
    if n <= EXACT:
        share = np.ones(1)
        for rank in twice:
            share = np.concatenate([share, np.zeros(rank)]) / 2 + np.concatenate([np.zeros(rank), share]) / 2
        return Statistic(least / 2, min(1.0, 2 * float(share[: least + 1].sum())))
    ties = np.unique(twice, return_counts=True)[1]
    spread = math.sqrt((n * (n + 1) * (2 * n + 1) - float((ties**3 - ties).sum()) / 2) / 24)
    return Statistic(least / 2, min(1.0, 2 * float(norm.cdf((least / 2 - n * (n + 1) / 4) / spread))))


def mcnemar(only_first: int, only_second: int) -> Statistic:
    """Exact: of the items that just one of two students got right, is either's share a half? value: the smaller count.

    >>> mcnemar(1, 9)                                   # 2 (1 + 10) / 2^10
    Statistic(value=1.0, p=0.021484375)
    """
    least, both = min(only_first, only_second), only_first + only_second
    return Statistic(float(least), min(1.0, 2 * float(binom.cdf(least, both, 0.5))))


def holm(p_values: Sequence[float] | Floats) -> Floats:
    """(m,) p-values adjusted for m questions asked at once, in the order given; below a just where Holm rejects at a.

    The k-th smallest is multiplied by m + 1 - k, and none is less than one before it. A NaN stays NaN and counts as a
    question.

    >>> [round(p, 6) for p in holm([0.01, 0.04, 0.03]).tolist()]
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p_values, dtype=np.float64)
    order, m = np.argsort(given, kind="stable"), len(given)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.maximum.accumulate((m - np.arange(m)) * given[order]), 1.0)
    return adjusted


def spending(
    looks: int | Sequence[float],
    alpha: float = 1 - LEVEL,
    rule: Literal["o_brien_fleming", "pocock"] = "o_brien_fleming",
) -> Floats:
    """(K,) the level at which to test at each look of a plan that was declared before the first.

    `looks`: how many, evenly spaced, or the share of all seeds that each has, rising to 1. By share s,

        o_brien_fleming  a(s) = 2 - 2 Phi(z / sqrt(s)),  z = Phi^-1(1 - alpha / 2)      hardly anything early
        pocock           a(s) = alpha ln(1 + (e - 1) s)                                 about evenly

    is spent, and look k tests at the increment a(s_k) - a(s_k-1). These sum to alpha, so by the union bound two equal
    arms are told apart at any look with probability alpha at most, however the looks hang together. (Boundaries that
    use how they do are a little wider open; they need normal increments, which five seeds do not give.)

    >>> spending(2, 0.05, "pocock").round(4).tolist()    # .05 ln(1 + (e - 1) / 2), and the rest
    [0.031, 0.019]
    """
    shares = np.arange(1, looks + 1) / looks if isinstance(looks, int) else np.asarray(looks, dtype=np.float64)
    if len(shares) == 0 or not (shares[0] > 0 and shares[-1] == 1 and (np.diff(shares) > 0).all()):
        raise ValueError(f"looks are shares of the plan that rise from above 0 to 1; got {looks}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1; got {alpha}")
    if rule == "pocock":
        spent = alpha * np.log1p((math.e - 1) * shares)
    else:
        spent = 2 * norm.sf(norm.isf(alpha / 2) / np.sqrt(shares))
    return np.asarray(np.diff(spent, prepend=0.0))


def rank_trend(
    x: Sequence[float | None] | Floats, values: Sequence[Sequence[float | None]] | Floats, level: float = LEVEL
) -> Interval:
    """Do values (seeds, points) rise with x (points,)? The mean over seeds of Spearman's correlation, then Student's t.

    None and NaN are points that a seed has not; a seed with fewer than three, or on which either side does not
    vary, has no correlation and does not count in `seeds`. The interval may reach beyond 1.

    >>> rank_trend([1, 2, 3], [[1, 2, 3], [1, 3, 2], [1, 2, 3], [1, 2, 3], [2, 1, 3], [4, 4, 4]]).estimate
    0.8
    """
    return t_interval(_correlations(x, values, ranked=True), level)


def correlation_over_seeds(
    one: Sequence[Sequence[float | None]] | Floats, other: Sequence[Sequence[float | None]] | Floats,
    level: float = LEVEL,
) -> Interval:  # fmt: skip
    """Do two measures (seeds, points) go together? The mean over seeds of Pearson's correlation; None as above."""
    return t_interval(_correlations(one, other, ranked=False), level)


def components(table: Squares) -> Components:
    """By the method of moments, never below 0: (MS_seed - MS_rest) / I, (MS_item - MS_rest) / S, MS_rest.

    >>> components(Squares(seed=9.0, item=16.0, rest=4.0, seeds=2, items=2))
    Components(seed=2.5, item=6.0, rest=4.0)
    """
    seed, item, rest, seeds, size = table
    return Components(max(seed - rest, 0.0) / size, max(item - rest, 0.0) / seeds, rest)


def power(effect: float, components: Components, seeds: int, items: int, level: float = LEVEL) -> float:
    """Probability that the crossed interval excludes 0 when the mean difference is `effect`; 0 below FEWEST_SEEDS.

    Noncentral t at effect / se, with the variance and the degrees of freedom of the expected mean squares.

    >>> round(power(0.05, Components(seed=0.001, item=0.0, rest=0.4), seeds=10, items=1000), 2)
    0.96
    """
    return _power(effect, components, seeds, items, level)


def seeds_needed(effect: float, components: Components, items: int, power: float = 0.8, most: int = 1000,
                 level: float = LEVEL) -> int | None:  # fmt: skip
    """The fewest seeds with that power; None when `most` are too few, as where the exam is too small for any number.

    >>> seeds_needed(0.05, Components(seed=0.001, item=0.0, rest=0.4), items=1000)
    7
    """
    for seeds in range(FEWEST_SEEDS, most + 1):
        if _power(effect, components, seeds, items, level) >= power:
            return seeds
    return None


def _power(effect: float, of: Components, seeds: int, items: int, level: float) -> float:
    if seeds < FEWEST_SEEDS:
        return 0.0
    table = Squares(of.rest + items * of.seed, of.rest + seeds * of.item, of.rest, seeds, items)
    value, df = variance(table)
    if value == 0:
        return float(effect != 0)
    away, edge = abs(effect) / math.sqrt(value), float(t.ppf((1 + level) / 2, df))
    wrong_side = nct.cdf(-edge, df, away) if away < FAR else 0.0  # scipy's is NaN for some that are farther
    return float(nct.sf(edge, df, away) + wrong_side)


def _correlations(one: object, other: object, ranked: bool) -> Floats:
    """(seeds with a correlation,) of rows of `other` with `one`, or with its rows where it has some."""
    second = np.atleast_2d(np.asarray(other, dtype=np.float64))
    first = np.broadcast_to(np.asarray(one, dtype=np.float64), second.shape)
    made = []
    for x, y in zip(first, second, strict=True):
        both = ~(np.isnan(x) | np.isnan(y))
        x, y = (rankdata(x[both]), rankdata(y[both])) if ranked else (x[both], y[both])
        if len(x) >= 3 and np.ptp(x) > 0 and np.ptp(y) > 0:
            made.append(float(np.corrcoef(x, y)[0, 1]))
    return np.array(made)


def _two_sided(off: float, se: float, df: float) -> float:
    """Without any spread a mean is what it is."""
    if se == 0:
        return 1.0 if off == 0 else 0.0
    return 2 * float(t.sf(abs(off) / se, df))


def _around(estimate: float, spread: Variance, seeds: int, size: int, level: float) -> Interval:
    se = math.sqrt(spread.value)
    half = float(t.ppf((1 + level) / 2, spread.df)) * se
    return Interval(estimate, estimate - half, estimate + half, spread.df, seeds, size, se)


def by_group(table: Floats, groups: Array | None) -> Floats:
    """(seeds, groups): group totals, scaled so that their mean is still the mean over items."""
    if groups is None:
        return table
    names = np.asarray(groups)
    place = np.unique(names if names.dtype.kind in "iu" else names.astype(str), return_inverse=True)[1]
    made = np.stack([np.bincount(place, weights=row) for row in table])
    return np.asarray(made * (made.shape[1] / table.shape[1]), dtype=np.float64)


def bootstrap(values: Floats, rng: np.random.Generator, draws: int = 2000, groups: Array | None = None) -> Floats:
    """(draws,) means of resampled items, or of resampled groups whole: a cross-check of `over_items`, not a verdict.

    Few distinct values: how often each is drawn is multinomial. Many: how many are drawn of each block is, and these
    are drawn one by one. The luck of eight parts is spawned, so two threads change no number.

    >>> luck = np.random.Generator(np.random.PCG64(0))
    >>> np.quantile(bootstrap(np.repeat([0.0, 1], [20, 80]), luck), [0.025, 0.975]).round(2).tolist()
    [0.72, 0.87]
    """
    from concurrent.futures import ThreadPoolExecutor

    sums = np.asarray(values, dtype=np.float64)
    if groups is not None:  # a group's total and, as imaginary part, its size
        place = np.unique(groups, return_inverse=True)[1]
        sums = np.bincount(place, weights=sums) + 1j * np.bincount(place)
    size = len(sums)
    kinds, often = np.unique(sums, return_counts=True)
    blocks = [sums[start : start + 16_384] for start in range(0, size, 16_384)]  # a core keeps one near

    def drawn_of(block: Array, count: int, luck: np.random.Generator) -> Array:
        if len(block) < 16_384:
            return np.asarray(block[luck.integers(0, len(block), count)])
        bits = luck.integers(0, 2**64, -(-count // 4), dtype=np.uint64)  # four places of 14 bits: at half the time
        return np.asarray(block.take(bits.view(np.uint16)[:count] & 16_383))

    def part(luck: np.random.Generator, count: int) -> Array:
        if len(kinds) <= min(size // 8, 8_192):
            return np.asarray(luck.multinomial(size, often / size, size=count) @ kinds)
        much = luck.multinomial(size, [len(block) / size for block in blocks], size=count)
        made = np.zeros(count, dtype=sums.dtype)
        for block, ns in zip(blocks, much.T.tolist(), strict=True):
            made += [drawn_of(block, n, luck).sum() for n in ns]
        return made

    counts = [len(some) for some in np.array_split(np.arange(draws), 8)]
    with ThreadPoolExecutor(2) as threads:
        drawn = np.concatenate(list(threads.map(part, rng.spawn(8), counts)))
    means: Floats = drawn / size if groups is None else drawn.real / drawn.imag
    return means
