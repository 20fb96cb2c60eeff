"""Better, worse, tie or unclear: one file of per-item scores against another, item by item.

The interval of the mean difference (95 %) is

    5 seeds or more in both    of seeds crossed with items (kit/intervals.py)
    2 to 4                     over items, of the mean over seeds; it does not cover other seeds
    1                          over items

and a group, where there is one, takes the item's place. At one seed and with scores of 0 and 1 the exact test of
McNemar is made too, and a verdict of better or worse needs both. Where two files agree in every item the interval is
what so many agreeing items can exclude: of n items, with 97.5 % a share of at most 1 - 0.025^(1/n) differs, by no more
than scores span.

better, worse: the interval lies above, below 0. tie: neither, and it lies inside the margin that was asked for.
Without a margin there is no tie. The difference is turned so that more is better.

Source: McNemar 1947 (the exact test on the items that only one side got right); Efron and Tibshirani 1993, chapter 13
(percentiles of resampled means, the cross-check).
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from scipy.stats import binom, t

from tutelage.core.data import Floats, Ints, Rng
from tutelage.kit.intervals import FEWEST_SEEDS, LEVEL, Interval, bootstrap, crossed, over_items
from tutelage.study.foreign.paired import Paired

SLIGHT = 0.05  # level of the exact test


class Wish(NamedTuple):
    """How to compare."""

    inner: bool = False
    tie: float | None = None  # margin, in units of the score
    draws: int = 2000  # of the cross-check; 0: none


class Contrast(NamedTuple):
    """treatment - control, turned so that more is better."""

    treatment: str
    control: str
    measure: str
    items: int
    groups: int  # 0: none
    seeds: int
    estimate: float
    low: float
    high: float
    verdict: Literal["better", "worse", "tie", "unclear"]
    p: float
    test: str
    resampled: tuple[float, float] | None  # 95 % of resampled means; None from five seeds on
    notes: tuple[str, ...]


def judged(pair: Paired, names: tuple[str, str, str], higher: bool, wish: Wish, rng: Rng) -> Contrast:
    """One contrast: `other` of the pair is the treatment, `one` the control."""
    apart = (pair.other - pair.one) * (1.0 if higher else -1.0)
    seeds, items = apart.shape
    count = items if pair.groups is None else len(np.unique(pair.groups))
    exact = seeds == 1 and pair.groups is None and binary(pair.one) and binary(pair.other)
    interval, notes = _interval(pair, apart, count)
    p, test = _p(interval), "t"
    if exact:
        p, test = _mcnemar(int((apart < 0).sum()), int((apart > 0).sum())), "McNemar, exact"
    verdict = _verdict(interval, wish.tie, exact and p >= SLIGHT)
    if exact and p >= SLIGHT and (interval.low > 0 or interval.high < 0):
        notes.append(
            f"the interval leaves out 0, the exact test does not agree (p = {p:.3f}): neither better nor worse"
        )
    resampled = None
    if wish.draws and seeds < FEWEST_SEEDS:
        means = bootstrap(apart.mean(0), rng, wish.draws, pair.groups)
        resampled = (float(np.quantile(means, (1 - LEVEL) / 2)), float(np.quantile(means, (1 + LEVEL) / 2)))
    return Contrast(*names, items, 0 if pair.groups is None else count, seeds, interval.estimate, interval.low,
                    interval.high, verdict, p, test, resampled, (*pair.notes, *notes))  # fmt: skip


def _interval(pair: Paired, apart: Floats, count: int) -> tuple[Interval, list[str]]:
    seeds, items = apart.shape
    whole = "items" if pair.groups is None else f"{count} groups of items"
    if not apart.any():
        both = np.concatenate([pair.one.ravel(), pair.other.ravel()])
        span = 1.0 if binary(both) else float(np.ptp(both))
        half = span * (1 - ((1 - LEVEL) / 2) ** (1 / count))
        return Interval(0.0, -half, half, math.nan, seeds, items), ["the two files agree in every item"]
    if seeds >= FEWEST_SEEDS:
        return crossed(by_group(apart, pair.groups)), [f"interval of {seeds} seeds crossed with {whole}"]
    notes = [f"interval over {whole}"]
    if seeds > 1:
        notes = [f"interval over {whole}, of the mean over {seeds} seeds: it does not cover other seeds"]
    if count == 1:
        notes = [f"one {'item' if pair.groups is None else 'group'}: no interval"]
    return over_items(by_group(apart, pair.groups).mean(0)), notes


def _verdict(interval: Interval, tie: float | None, doubtful: bool) -> Literal["better", "worse", "tie", "unclear"]:
    if interval.low > 0 and not doubtful:
        return "better"
    if interval.high < 0 and not doubtful:
        return "worse"
    return "tie" if tie is not None and -tie <= interval.low and interval.high <= tie else "unclear"


def _p(interval: Interval) -> float:
    """Of Student's test that belongs to the interval; NaN where the interval is none, or of another kind."""
    if math.isnan(interval.df):
        return 1.0 if interval.estimate == 0 and not math.isnan(interval.low) else math.nan
    se = (interval.high - interval.low) / 2 / float(t.ppf((1 + LEVEL) / 2, interval.df))
    return 2 * float(t.sf(abs(interval.estimate) / se, interval.df)) if se > 0 else float(interval.estimate == 0)


def _mcnemar(only_control: int, only_treatment: int) -> float:
    return min(1.0, 2 * float(binom.cdf(min(only_control, only_treatment), only_control + only_treatment, 0.5)))


def by_group(table: Floats, groups: Ints | None) -> Floats:
    """(draws, groups) totals, scaled so that their mean is that of the items: what kit/intervals.py makes of groups.

    Here from codes, since sorting a million names as text would take most of the time.
    """
    if groups is None:
        return table
    place = np.unique(groups, return_inverse=True)[1]
    totals = np.stack([np.bincount(place, weights=row) for row in table])
    return np.asarray(totals * (totals.shape[1] / table.shape[1]), dtype=np.float64)


def binary(values: Floats) -> bool:
    return bool(((values == 0) | (values == 1)).all())
