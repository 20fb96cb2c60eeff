"""Intervals: seeds crossed with items, seeds alone, and a share of successes; all at 95 %.

Differences between two arms form a seeds x items table d_si = m + seed_s + item_i + rest_si with both sides random:
another run would draw other seeds, another exam other items. The variance of its mean is

    (MS_seed + MS_item - MS_rest) / (S I),   never below max(MS_seed, MS_item) / (S I),

because a sum of mean squares may fall below either by chance. Student's quantile is taken at Satterthwaite's degrees
of freedom, at least S - 1. Resampling both sides by percentiles is wrong too often at five seeds, so it only serves
as a cross-check in the tests.

Source: Satterthwaite 1946 (degrees of freedom of a sum of mean squares); Wilson 1927 (interval of a share).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.stats import norm, t

from tutelage.core.data import Array, Floats

FEWEST_SEEDS = 5  # below this there is no interval over seeds
LEVEL = 0.95


class Interval(NamedTuple):
    """low and high are NaN where there are too few seeds (fewer than FEWEST_SEEDS) for an interval."""

    estimate: float
    low: float
    high: float
    df: float
    seeds: int
    items: int


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


def crossed(differences: Floats, groups: Array | None = None) -> Interval:
    """The mean of a (seeds, items) table whose rows and columns are both random; a group takes the item's place.

    `groups` (items,) says which items belong together (several sentences of one author, say).

    >>> table = np.array([[0.0, 1], [1, 0], [1, 1], [0, 0], [1, 1]])
    >>> [round(value, 3) for value in crossed(table)[:3]]
    [0.6, 0.081, 1.119]
    """
    table = np.asarray(differences, dtype=np.float64)
    return from_squares(float(table.mean()), squares(table, groups), table.shape[1])


def squares(table: Floats, groups: Array | None = None) -> Squares:
    """The mean squares of a (seeds, items) table of at least two seeds; with one item there is no item side."""
    table = _by_group(np.asarray(table, dtype=np.float64), groups)
    seeds, size = table.shape
    mean, by_seed, by_item = table.mean(), table.mean(1), table.mean(0)
    ms_seed = size * float(((by_seed - mean) ** 2).sum()) / max(seeds - 1, 1)
    ms_item = seeds * float(((by_item - mean) ** 2).sum()) / max(size - 1, 1)
    rest = table - by_seed[:, None] - by_item[None, :] + mean
    ms_rest = float((rest**2).sum()) / max((seeds - 1) * (size - 1), 1)
    return Squares(ms_seed, ms_item, ms_rest, seeds, size)


def from_squares(estimate: float, table: Squares, items: int) -> Interval:
    """The interval of a mean whose table had these mean squares."""
    if table.seeds < FEWEST_SEEDS:
        return Interval(estimate, math.nan, math.nan, math.nan, table.seeds, items)
    return _around(estimate, variance(table), table.seeds, items)


def variance(table: Squares) -> Variance:
    """The variance of the mean, with the floor that the module's docstring states."""
    ms_seed, ms_item, ms_rest, seeds, size = table
    total, larger = ms_seed + ms_item - ms_rest, max(ms_seed, ms_item)
    if total <= larger:
        return Variance(larger / (seeds * size), (seeds if ms_seed >= ms_item else size) - 1)
    parts = ((ms_seed, seeds - 1), (ms_item, max(size - 1, 1)), (ms_rest, max((seeds - 1) * (size - 1), 1)))
    df = total**2 / sum(square**2 / free for square, free in parts)
    return Variance(total / (seeds * size), max(df, seeds - 1))


def t_interval(values: Floats) -> Interval:
    """The mean over seeds of one value each, with Student's interval: for measures that are no means of items.

    >>> [round(value, 3) for value in t_interval(np.array([1.0, 2, 3, 4, 5]))[:4]]
    [3.0, 1.037, 4.963, 4]
    """
    values = np.asarray(values, dtype=np.float64)
    seeds = len(values)
    estimate = float(values.mean()) if seeds else math.nan
    if seeds < FEWEST_SEEDS:
        return Interval(estimate, math.nan, math.nan, math.nan, seeds, 0)
    return _around(estimate, Variance(float(values.var(ddof=1)) / seeds, seeds - 1), seeds, 0)


def wilson(successes: float, n: int) -> Interval:
    """Wilson's interval of a share: for one seed and an exam of `n` independent items. NaN for no items.

    >>> [round(value, 3) for value in wilson(8, 10)[:3]]
    [0.8, 0.49, 0.943]
    """
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, math.nan, 1, 0)
    z, share = float(norm.ppf((1 + LEVEL) / 2)), successes / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = max(middle - half, 0.0), min(middle + half, 1.0)
    return Interval(share, low, high, math.inf, 1, n)


def over_items(values: Floats, groups: Array | None = None) -> Interval:
    """The mean over items at one seed: what another exam would give, not what another seed would.

    >>> [round(value, 3) for value in over_items(np.array([0.5, 0.7, 0.9]))[:3]]
    [0.7, 0.203, 1.197]
    """
    values = np.asarray(values, dtype=np.float64)
    estimate = float(values.mean()) if len(values) else math.nan
    apart = _by_group(values[None, :], groups)[0] if len(values) else values
    if len(apart) < 2:
        return Interval(estimate, math.nan, math.nan, math.nan, 1, len(values))
    spread = Variance(float(apart.var(ddof=1)) / len(apart), len(apart) - 1)
    return _around(estimate, spread, 1, len(values))


def _around(estimate: float, spread: Variance, seeds: int, size: int) -> Interval:
    half = float(t.ppf((1 + LEVEL) / 2, spread.df)) * math.sqrt(spread.value)
    return Interval(estimate, estimate - half, estimate + half, spread.df, seeds, size)


def _by_group(table: Floats, groups: Array | None) -> Floats:
    """(seeds, groups): group totals, scaled so that their mean is still the mean over items."""
    if groups is None:
        return table
    names, place = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    made = np.zeros((table.shape[0], len(names)))
    for row in range(table.shape[0]):
        made[row] = np.bincount(place, weights=table[row], minlength=len(names))
    scaled: Floats = made * (len(names) / table.shape[1])
    return scaled


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

    parts = [len(part) for part in np.array_split(np.arange(draws), 8)]
    with ThreadPoolExecutor(2) as threads:
        drawn = np.concatenate(list(threads.map(part, rng.spawn(8), parts)))
    means: Floats = drawn / size if groups is None else drawn.real / drawn.imag
    return means
