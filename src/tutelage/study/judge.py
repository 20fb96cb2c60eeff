"""Better, worse, tie, unclear: the conditions of a study against its record.

A contrast is sum_a of[a] * measure(a), at the costs that all its arms reached, turned so that more is better. Where
the arms sat the same exam at every seed and the score is the mean of its items, its interval is that of seeds crossed
with items; otherwise Student's over the seeds. Below five seeds there is none and the outcome is unclear. A trend is
Spearman's rank correlation at each seed, with Student's interval over the seeds.

A study with `looks` is judged at each of them at the level that kit.intervals.spending leaves for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from tutelage.core.data import Floats
from tutelage.core.errors import Fault, Refused
from tutelage.kit.intervals import (
    FEWEST_SEEDS,
    LEVEL,
    Interval,
    Squares,
    from_squares,
    holm,
    p_value,
    spending,
    squares,
    t_interval,
)
from tutelage.recipe.conditions import IN_ITS_UNIT, Contrast, Follows
from tutelage.recipe.schema import Study
from tutelage.runs.record import Record
from tutelage.study.contrast import Condition, differences, needed, table

Outcome: TypeAlias = Literal["held", "refuted", "unclear"]
Verdict: TypeAlias = Literal["better", "worse", "tie", "unclear"]


class Judged(NamedTuple):
    """One condition. A difference is turned so that more is better."""

    condition: Condition
    outcome: Outcome
    verdict: Verdict  # of the difference against 0, whatever margin the condition states
    estimate: float
    low: float  # NaN below five seeds
    high: float
    seeds: int
    items: int  # 0: the interval is over seeds alone
    per_seed: tuple[float, ...]
    note: str  # how the interval was made, and what it cannot say
    squares: Squares | None = None  # behind an interval of seeds x items
    p: float = math.nan  # two-sided, of the difference being 0
    level: float = LEVEL  # of the interval
    tie: float | None = None  # the margin inside which two arms tie


def judge(record: Record) -> tuple[Judged, ...]:
    """One for each condition, in the order of the file. Refused while an arm that is compared is unfinished."""
    read = record.read()
    conditions = [one for one in read.study.shows if needed(one) <= read.recipes.keys()]
    wanted = {arm for one in conditions for arm in needed(one)}
    states = [state for state in record.states() if state.arm in wanted and state.status != "done"]
    open_ = [f"{state.arm} at seed {state.seed} ({state.status})" for state in states]
    if open_:
        more = f" and {len(open_) - 5} more" if len(open_) > 5 else ""
        what = f"not finished yet: {', '.join(open_[:5])}{more}"
        raise Refused(Fault(record.name, what, f"tutelage resume {record.name}"))
    level = level_at(read.study, len(record.seeds))
    return tuple(_judged(record, one, level) for one in conditions)


def level_at(study: Study, seeds: int) -> float:
    """The level of an interval that a study may look at after so many seeds; LEVEL without declared looks."""
    looks = [*study.looks, *([] if len(study.seed_list) in study.looks else [len(study.seed_list)])]
    if len(looks) < 2 or seeds not in looks:
        return LEVEL
    return 1 - float(spending([look / looks[-1] for look in looks])[looks.index(seeds)])


def looks_of(record: Record) -> tuple[int, ...]:
    """After how many seeds a study may stop; the last is all of them, or where it has stopped already."""
    whole = len(record.seeds)
    return (*(look for look in record.read().study.looks if look < whole), whole)


def decided(judged: Sequence[Judged]) -> bool:
    """Whether every condition that counts is held or refuted."""
    gated = [one.outcome for one in judged if one.condition.gate]
    return bool(gated) and "unclear" not in gated


def overall(judged: Iterable[Judged]) -> Outcome:
    """Of the gated conditions: refuted when any is, held when all are, otherwise (none at all too) unclear."""
    outcomes = [one.outcome for one in judged if one.condition.gate]
    if "refuted" in outcomes:
        return "refuted"
    return "held" if outcomes and all(one == "held" for one in outcomes) else "unclear"


def some_better(judged: Sequence[Judged]) -> Floats:
    """(k,) Holm's p-values for "some arm is better", over comparisons of several arms with one on one measure.

    An arm that is compared twice, with another limit, is one question. NaN for a condition that stands alone, that asks
    for a margin, and for one without an interval over seeds.
    """
    family: dict[tuple[str, str], dict[str, list[int]]] = {}
    for number, one in enumerate(judged):
        asks = isinstance(one.condition, Contrast) and one.condition.within is None
        if asks and one.condition.pair and not math.isnan(one.p):
            treatment, control = one.condition.pair
            key = (control, one.condition.measure.model_dump_json())
            family.setdefault(key, {}).setdefault(treatment, []).append(number)
    made = np.full(len(judged), np.nan)
    for arms in family.values():
        if len(arms) > 1:
            adjusted = holm([judged[numbers[0]].p for numbers in arms.values()])
            for numbers, p in zip(arms.values(), adjusted, strict=True):
                made[numbers] = p
    return made


def decide(interval: Interval, condition: Condition, tie: float | None = None) -> tuple[Outcome, Verdict]:
    """The outcome by the condition's own limit; better and worse against 0, tie inside the margin when neither."""
    low, high = interval.low, interval.high
    within = condition.within if isinstance(condition, Contrast) else None
    above = (condition.above or 0.0) if isinstance(condition, Contrast) else 0.0
    outcome: Outcome
    if within is not None:
        outcome = (
            "held" if -within < low and high < within else "refuted" if low > within or high < -within else "unclear"
        )
    else:
        outcome = "held" if low > above else "refuted" if high < above else "unclear"
    margin = within if tie is None else tie
    verdict: Verdict = "better" if low > 0 else "worse" if high < 0 else "unclear"
    if verdict == "unclear" and margin is not None and -margin < low and high < margin:
        verdict = "tie"
    return outcome, verdict


def again(stored: Sequence[float], sides: Squares | None, condition: Condition, level: float = LEVEL,
          tie: float | None = None) -> tuple[Outcome, Verdict, Interval]:  # fmt: skip
    """The same from stored per-seed differences, and stored mean squares of items and rest where there are some."""
    values = np.array(stored, dtype=np.float64)
    interval = t_interval(values, level)
    if sides is not None and len(values) >= FEWEST_SEEDS:
        seed = sides.items * float(values.var(ddof=1))
        sides = sides._replace(seed=seed, seeds=len(values))
        interval = from_squares(float(values.mean()), sides, sides.items, level)
    return *decide(interval, condition, tie), interval


def _judged(record: Record, condition: Condition, level: float) -> Judged:
    in_its_unit = isinstance(condition, Contrast) and condition.measure.use in IN_ITS_UNIT
    tie = record.read().study.tie if in_its_unit else None
    found, note = differences(record, condition)
    values = tuple(float(one) for one in found)
    if np.isnan(found).any():
        return Judged(condition, "unclear", "unclear", math.nan, math.nan, math.nan, len(values), 0, values, note)
    interval, squared, how = _interval(record, condition, found, level)
    outcome, verdict = decide(interval, condition, tie)
    said = "; ".join(one for one in (how, note) if one)
    return Judged(condition, outcome, verdict, interval.estimate, interval.low, interval.high, len(values),
                  interval.items, values, said, squared, p_value(interval), level, tie)  # fmt: skip


def _interval(
    record: Record, condition: Condition, values: Floats, level: float
) -> tuple[Interval, Squares | None, str]:
    """Seeds crossed with items where that can be, and how it was made in words."""
    if len(values) < FEWEST_SEEDS:
        few = "one seed" if len(values) == 1 else f"{len(values)} seeds"
        return t_interval(values, level), None, f"{few}: an interval over seeds needs {FEWEST_SEEDS}"
    if isinstance(condition, Follows):
        return t_interval(values, level), None, "rank correlation at each seed, interval over seeds"
    found = table(record, condition)
    if found.values is None:
        return t_interval(values, level), None, f"interval over seeds: {found.why_not}"
    squared = squares(found.values, found.groups)
    squared = squared._replace(seed=squared.items * float(values.var(ddof=1)))  # free of the items' rounding
    note = f"interval over seeds crossed with {'items' if found.groups is None else 'groups of items'}"
    if len(condition.of) > 1 and not found.values.any():
        note = f"{note}; the arms answered every item alike"
    return from_squares(float(values.mean()), squared, found.values.shape[1], level), squared, note
