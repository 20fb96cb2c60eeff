"""One arm in numbers: final scores, mean learning curves and what its stages said, with intervals over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Floats
from tutelage.kit.intervals import FEWEST_SEEDS, Interval, from_squares, over_items, squares, t_interval, wilson
from tutelage.recipe.conditions import Measure
from tutelage.runs.record import Record
from tutelage.study.measure import Items, curve, is_mean, items, reach, round_lines, value


class Estimate(NamedTuple):
    """A number and its 95 % interval. how: "seeds x items", "seeds", "items" or "share" (one seed), "" (none)."""

    value: float
    low: float  # NaN without an interval
    high: float
    how: str


class ScoreOf(NamedTuple):
    """One score of one arm."""

    name: str
    higher_is_better: bool
    final: Estimate
    per_seed: tuple[float, ...]  # final values, in the order of ArmOf.seeds
    area: Estimate  # mean height of the learning curve
    items: int  # size of the exam


class Point(NamedTuple):
    """One point of a mean learning curve; low and high are NaN below five seeds."""

    cost: float
    mean: float
    low: float
    high: float
    seeds: int


class Facts(NamedTuple):
    """What the stages said about one step of one round, as means over the seeds (coverage, lessons_right, ...)."""

    round: int
    step: str
    cost: float
    asked: float
    lessons: float
    values: dict[str, float]


def score_of(record: Record, arm: str, seeds: Sequence[int], name: str) -> ScoreOf:
    """The final score and the area of its curve over these seeds."""
    last, area = Measure(use="last", of=name), Measure(use="area", of=name)
    curves = [curve(record, arm, seed, last) for seed in seeds]
    finals = [value(one, last, reach(record, seed, last, (arm,))) for one, seed in zip(curves, seeds, strict=True)]
    found = [items(record, arm, seed, last) for seed in seeds]
    heights = [value(one, area, reach(record, seed, area, (arm,))) for one, seed in zip(curves, seeds, strict=True)]
    higher = curves[0].higher_is_better
    final = estimate(found, finals)
    mean_height = estimate([items(record, arm, seed, area) for seed in seeds], heights)
    return ScoreOf(name, higher, final, tuple(finals), mean_height, len(found[0].values))


def points(record: Record, arm: str, seeds: Sequence[int], name: str) -> tuple[Point, ...]:
    """The mean curve over costs that every seed reached, each seed by its last value at or below the cost."""
    curves = [curve(record, arm, seed, Measure(of=name)) for seed in seeds]
    if any(len(one.costs) == 0 for one in curves):
        return ()
    low, high = max(one.costs[0] for one in curves), min(one.costs[-1] for one in curves)
    costs = np.unique(np.concatenate([one.costs for one in curves]))
    made = []
    for cost in costs[(costs >= low) & (costs <= high)]:
        at = np.array([one.values[np.searchsorted(one.costs, cost, side="right") - 1] for one in curves])
        over = t_interval(at)
        made.append(Point(float(cost), over.estimate, over.low, over.high, len(at)))
    return tuple(made)


def facts(record: Record, arm: str, seeds: Sequence[int]) -> tuple[Facts, ...]:
    """Means over seeds, round by round and step by step; a fact that only some seeds have is a mean over those."""
    unit = record.read().study.unit
    found: dict[tuple[int, str], list[dict[str, float]]] = {}
    for seed in seeds:
        for line in round_lines(record, arm, seed):
            numbers = {"cost": line["spent"].get(unit, 0.0), "asked": line["asked"], "lessons": line["lessons"]}
            facts = {f"fact {name}": number for name, number in line["facts"].items()}
            found.setdefault((line["round"], line["step"]), []).append({**numbers, **facts})
    made = []
    for (number, step), several in sorted(found.items()):
        names = dict.fromkeys(name for one in several for name in one)
        means = {name: float(np.mean([one[name] for one in several if name in one])) for name in names}
        values = {name.removeprefix("fact "): mean for name, mean in means.items() if name.startswith("fact ")}
        made.append(Facts(number, step, means["cost"], means["asked"], means["lessons"], values))
    return tuple(made)


def estimate(found: Sequence[Items], values: Sequence[float], shares: bool = True) -> Estimate:
    """Over seeds from five on, crossed with items where the seeds share an exam; over items at one seed.

    shares: items of 0 and 1 are right and wrong answers, whose share has an interval of its own, and one that ends
    between 0 and 1; differences are none.
    """
    mean = float(np.mean(values)) if len(values) else math.nan
    whole = all(is_mean(one, value) for one, value in zip(found, values, strict=True))
    if len(values) >= FEWEST_SEEDS:
        if whole and all(np.array_equal(one.rows, found[0].rows) for one in found):
            table = np.stack([one.values for one in found])
            over = _said(from_squares(mean, squares(table, found[0].groups), table.shape[1]), "seeds x items")
            return _within(over) if shares and _is_share(table) else over
        return _said(t_interval(np.array(values)), "seeds")
    if len(values) == 1 and whole:
        one = found[0]
        if shares and one.groups is None and _is_share(one.values):
            return _said(wilson(float(one.values.sum()), len(one.values)), "share")
        return _said(over_items(one.values, one.groups), "items")
    return Estimate(mean, math.nan, math.nan, "")


def _is_share(values: Floats) -> bool:
    return bool(np.isin(values, (0.0, 1.0)).all())


def _within(one: Estimate) -> Estimate:
    """Student's interval of a share ends where a share does; NaN stays."""
    low, high = (end if math.isnan(end) else min(max(end, 0.0), 1.0) for end in (one.low, one.high))
    return one._replace(low=low, high=high)


def _said(interval: Interval, how: str) -> Estimate:
    return Estimate(interval.estimate, interval.low, interval.high, "" if math.isnan(interval.low) else how)
