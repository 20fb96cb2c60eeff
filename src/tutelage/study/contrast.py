"""A condition in numbers: its value at every seed, and item by item where that can be."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from tutelage.core.data import Array, Floats, Ints
from tutelage.core.digest import digest
from tutelage.kit.intervals import rank_trend
from tutelage.kit.task_matrix import LESS
from tutelage.recipe.conditions import IN_ITS_UNIT, OF_A_CURVE, OF_MEMORY, Contrast, Follows, Measure
from tutelage.runs.record import Record
from tutelage.study.fuar import fuar
from tutelage.study.lifelong import courses, exam_of, lifelong
from tutelage.study.measure import censored, curve, is_mean, items, per_seed, told
from tutelage.study.overlap import overlaps
from tutelage.study.retention import retention

Condition: TypeAlias = Contrast | Follows
NONE: Ints = np.zeros(0, dtype=np.int64)


class Table(NamedTuple):
    """(seeds, items) of a contrast, the exam's rows being the same at every seed; None where that is not so."""

    values: Floats | None
    rows: Ints
    groups: Array | None
    why_not: str = ""


def needed(condition: Condition) -> set[str]:
    """Every arm that a condition reads; experts, joint training, floors, ceilings and overlapping arms included."""
    measures = [condition.measure, *([condition.knob] if isinstance(condition, Follows) else [])]
    asked = [one for one in measures if isinstance(one, Measure)]
    experts = {arm for one in asked for arm in one.experts.values()}
    sides = {arm for one in asked for arm in (one.floor, one.ceiling, one.joint) if arm}
    return {*condition.arms} | experts | sides | {one.of for one in asked if one.use == "overlap"}


def differences(record: Record, condition: Condition) -> tuple[Floats, str]:
    """(S,) the condition's number at every seed, turned so that more is better; and what has to be said about it."""
    return _trend(record, condition) if isinstance(condition, Follows) else _contrast(record, condition)


def numbers(record: Record, arm: str, measure: Measure, among: Sequence[str] = ()) -> Floats:
    """(S,) the measure of one arm at every seed, NaN where it is undefined or unfinished."""
    if measure.use in OF_A_CURVE:
        return per_seed(record, arm, measure, among)
    if measure.use == "fact":
        return told(record, arm, measure.of)
    if measure.use == "recovered":
        return recovered(record, arm, measure)
    if measure.use == "fuar":
        return _fuars(record, arm, measure)
    if measure.use == "overlap":
        return overlaps(record, arm, measure.of)
    if measure.use in OF_MEMORY:
        return retention(record, arm, measure)
    experts = tuple(measure.experts.items())
    others = (*measure.experts.values(), *([measure.joint] if measure.joint else []))
    states = [[record.state(one, seed).digest for one in (arm, *others)] for seed in record.seeds]
    lives = [_life(record, arm, seed, measure.of, experts, measure.joint, digest(state))
             for seed, state in zip(record.seeds, states, strict=True)]  # fmt: skip
    return np.array([life[measure.use] for life in lives], dtype=np.float64)


def recovered(record: Record, arm: str, measure: Measure) -> Floats:
    """(S,) (final - floor) / (ceiling - floor), the performance gap recovered of Burns et al. (2023), section 3.

    NaN where unfinished, and where the ceiling is not better than the floor, so that there is no gap.
    """
    final = Measure(use="final", of=measure.of)
    mine, floor, ceiling = (per_seed(record, one, final) for one in (arm, measure.floor, measure.ceiling))
    higher = curve(record, measure.floor, record.seeds[0], final).higher_is_better
    gap = ceiling - floor
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gap > 0 if higher else gap < 0, (mine - floor) / gap, np.nan)


def _fuars(record: Record, arm: str, measure: Measure) -> Floats:
    """(S,) NaN where nothing was gained: neither 0 nor infinity would be true."""
    found = [fuar(record, arm, seed, measure, courses(record, [arm], seed)[arm]) for seed in record.seeds]
    return np.array([np.nan if one is None else one for one in found], dtype=np.float64)


@functools.lru_cache(maxsize=4096)  # one lifetime has some fifteen numbers, and reading it opens every round
def _life(record: Record, arm: str, seed: int, of: str, experts: tuple[tuple[str, str], ...], joint: str,
          state: str) -> dict[str, float]:  # fmt: skip
    arms = (arm, *dict(experts).values(), *([joint] if joint else []))
    drawn = courses(record, arms, seed)
    return lifelong(record, arm, seed, drawn, of, dict(experts) or None, exam_of(of, drawn[arm].exams), joint)


def table(record: Record, condition: Contrast) -> Table:
    """The contrast item by item, for every seed; not yet turned."""
    total: Floats | None = None
    rows, groups = NONE, None
    for arm, coefficient in condition.of.items():
        found = [items(record, arm, seed, condition.measure, condition.arms) for seed in record.seeds]
        values = numbers(record, arm, condition.measure, condition.arms)
        if any(not np.array_equal(one.rows, found[0].rows) for one in found):
            return Table(None, NONE, None, "every seed has an exam of its own")
        if any(not is_mean(one, value) for one, value in zip(found, values, strict=True)):
            return Table(None, NONE, None, f"{_named(condition.measure)} is not the mean of its items")
        if total is not None and not np.array_equal(found[0].rows, rows):
            return Table(None, NONE, None, "the arms sat different exams")
        mine = coefficient * np.stack([one.values for one in found])
        total = mine if total is None else total + mine
        rows, groups = found[0].rows, found[0].groups
    return Table(total, rows, groups)


def _contrast(record: Record, condition: Contrast) -> tuple[Floats, str]:
    """(S,) the contrast at every seed, turned; and what has to be said about it. NaN where it cannot be told."""
    arms, measure = condition.arms, condition.measure
    total = sum(of * numbers(record, arm, measure, arms) for arm, of in condition.of.items())
    made = _sign(record, condition) * np.asarray(total, dtype=np.float64)
    if np.isnan(made).any():
        if measure.use in OF_A_CURVE:
            return made, "the arms never reached a common cost, so there is nothing to compare"
        if measure.use == "recovered":
            count = int(np.isnan(made).sum())
            where = f"at {count} of {len(made)} seeds {measure.ceiling} is not better than {measure.floor}"
            return made, f"no gap to recover: {where}"
        if measure.use == "fuar":
            return made, f"no gain at {int(np.isnan(made).sum())} of {len(made)} seeds: nothing to divide by"
        return made, f"{_named(measure)} is not defined at every seed"
    if measure.use != "cost_to":
        return made, ""
    never = {arm: censored(record, arm, measure, arms) for arm in arms}
    said = [f"{arm} at {count} of {len(made)} seeds" for arm, count in never.items() if count]
    if said and len(arms) == 1:  # alone, against a number: a restricted cost would say less than was needed
        return np.full(len(made), np.nan), f"the level was never reached by {said[0]}, so what it costs is not known"
    return made, f"the level was not reached within the common cost by {', '.join(said)}" if said else ""


def _trend(record: Record, condition: Follows) -> tuple[Floats, str]:
    """(S,) the rank correlation at every seed, turned so that the stated direction is positive."""
    arms = condition.arms
    y = np.stack([numbers(record, arm, condition.measure, arms) for arm in arms], axis=1)
    knob = condition.knob
    x = (
        np.stack([numbers(record, arm, knob, arms) for arm in arms], axis=1)
        if isinstance(knob, Measure)
        else np.broadcast_to(np.array(knob, dtype=np.float64), y.shape)
    )
    sign = -1.0 if condition.direction == "falls" else 1.0
    made = np.array([sign * rank_trend(one, [other]).estimate for one, other in zip(x, y, strict=True)])
    return made, "at some seeds one side does not vary" if np.isnan(made).any() else ""


def _sign(record: Record, condition: Contrast) -> float:
    """-1 where less is better; an arm alone keeps its sign, so that its limit reads as it is written."""
    measure = condition.measure
    if len(condition.of) == 1 or measure.use not in OF_A_CURVE | {"at"}:
        return -1.0 if measure.use in {*LESS, "fuar"} and len(condition.of) > 1 else 1.0
    if measure.use == "cost_to":
        return -1.0
    return 1.0 if curve(record, condition.arms[0], record.seeds[0], measure).higher_is_better else -1.0


def _named(measure: Measure) -> str:
    return measure.of if measure.use in IN_ITS_UNIT else f"{measure.use} of {measure.of}"
