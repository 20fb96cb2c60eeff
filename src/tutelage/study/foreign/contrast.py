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

from tutelage.core.data import Floats, Rng
from tutelage.kit.intervals import (
    FEWEST_SEEDS,
    LEVEL,
    Interval,
    bootstrap,
    by_group,
    crossed,
    mcnemar,
    over_items,
    p_value,
)
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
    p, test = p_value(interval) if apart.any() else 1.0, "t"
    if exact:
        p, test = mcnemar(int((apart < 0).sum()), int((apart > 0).sum())).p, "McNemar, exact"
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
        return Interval(0.0, -half, half, math.inf, seeds, items), ["the two files agree in every item"]
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


def binary(values: Floats) -> bool:
    return bool(((values == 0) | (values == 1)).all())
