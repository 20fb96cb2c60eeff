"""Better, worse, unclear: the conditions of a study against its record.

The difference of a condition is treatment - control, at the costs that both reached, turned so that more is better.
Where both arms sat the same exam at every seed and the score is the mean of its items, its interval is that of seeds
crossed with items; otherwise Student's over the seeds. Below five seeds there is none and the outcome is unclear.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from tutelage.core.data import Array, Floats, Ints
from tutelage.core.errors import Fault, Refused
from tutelage.kit.intervals import FEWEST_SEEDS, Interval, Squares, from_squares, squares, t_interval
from tutelage.recipe.schema import Beats, Measure
from tutelage.runs.record import Record
from tutelage.study.measure import curve, is_mean, items, per_seed

Outcome: TypeAlias = Literal["held", "refuted", "unclear"]
NONE: Ints = np.zeros(0, dtype=np.int64)


class Judged(NamedTuple):
    """One condition. The difference is treatment - control, turned so that more is better."""

    condition: Beats
    outcome: Outcome
    verdict: Literal["better", "worse", "unclear"]  # against 0, whatever margin the condition states
    estimate: float
    low: float  # NaN below five seeds
    high: float
    seeds: int
    items: int  # 0: the interval is over seeds alone
    per_seed: tuple[float, ...]
    note: str  # how the interval was made, and what it cannot say
    squares: Squares | None = None  # behind an interval of seeds x items


class Table(NamedTuple):
    """(seeds, items) of one arm, the exam's rows being the same at every seed; None where that is not so."""

    values: Floats | None
    rows: Ints
    groups: Array | None
    why_not: str = ""


def judge(record: Record) -> tuple[Judged, ...]:
    """One for each condition, in the order of the file. Refused while an arm that is compared is unfinished."""
    read = record.read()
    conditions = [one for one in read.study.shows if {one.treatment, one.control} <= read.recipes.keys()]
    needed = {arm for one in conditions for arm in (one.treatment, one.control)}
    states = [state for state in record.states() if state.arm in needed and state.status != "done"]
    open_ = [f"{state.arm} at seed {state.seed} ({state.status})" for state in states]
    if open_:
        more = f" and {len(open_) - 5} more" if len(open_) > 5 else ""
        what = f"not finished yet: {', '.join(open_[:5])}{more}"
        raise Refused(Fault(record.name, what, f"tutelage resume {record.name}"))
    return tuple(_judged(record, one) for one in conditions)


def overall(judged: Iterable[Judged]) -> Outcome:
    """Of the gated conditions: refuted when any is, held when all are, otherwise (none at all too) unclear."""
    outcomes = [one.outcome for one in judged if one.condition.gate]
    if "refuted" in outcomes:
        return "refuted"
    return "held" if outcomes and all(one == "held" for one in outcomes) else "unclear"


def decide(interval: Interval, by: float) -> tuple[Outcome, Literal["better", "worse", "unclear"]]:
    """held: the interval lies above `by`; refuted: below. better and worse: the same against 0."""
    low, high = interval.low, interval.high
    outcome: Outcome = "held" if low > by else "refuted" if high < by else "unclear"
    return outcome, "better" if low > 0 else "worse" if high < 0 else "unclear"


def again(differences: Sequence[float], table: Squares | None, by: float) -> tuple[Outcome, Interval]:
    """The outcome from stored per-seed differences, and stored mean squares of items and rest where there are some."""
    values = np.array(differences, dtype=np.float64)
    interval = t_interval(values)
    if table is not None and len(values) >= FEWEST_SEEDS:
        seed = table.items * float(values.var(ddof=1))
        interval = from_squares(float(values.mean()), table._replace(seed=seed, seeds=len(values)), table.items)
    return decide(interval, by)[0], interval


def table(record: Record, arm: str, measure: Measure, against: str = "") -> Table:
    """The measure of one arm item by item, for every finished seed."""
    seeds = [seed for seed in record.read().study.seed_list if record.state(arm, seed).status == "done"]
    found = [items(record, arm, seed, measure, against) for seed in seeds]
    values = [value for value in per_seed(record, arm, measure, against) if not math.isnan(value)]
    if not found or any(not np.array_equal(one.rows, found[0].rows) for one in found):
        return Table(None, NONE, None, "every seed has an exam of its own")
    if len(values) != len(found) or any(not is_mean(one, value) for one, value in zip(found, values, strict=True)):
        return Table(None, NONE, None, f"{measure.of} is not the mean of its items")
    return Table(np.stack([one.values for one in found]), found[0].rows, found[0].groups)


def _judged(record: Record, condition: Beats) -> Judged:
    treatment, control, measure = condition.treatment, condition.control, condition.measure
    first = record.read().study.seed_list[0]
    sign = 1.0 if curve(record, treatment, first, measure.of).higher_is_better else -1.0
    differences = sign * (per_seed(record, treatment, measure, control) - per_seed(record, control, measure, treatment))
    if np.isnan(differences).any():
        note = "the two arms never reached a common cost, so there is nothing to compare"
        values = tuple(map(float, differences))
        return Judged(condition, "unclear", "unclear", math.nan, math.nan, math.nan, len(differences), 0, values, note)
    interval, squared, note = _interval(record, condition, sign, differences)
    outcome, verdict = decide(interval, condition.by)
    return Judged(condition, outcome, verdict, interval.estimate, interval.low, interval.high, len(differences),
                  interval.items, tuple(float(one) for one in differences), note, squared)  # fmt: skip


def _interval(
    record: Record, condition: Beats, sign: float, differences: Floats
) -> tuple[Interval, Squares | None, str]:
    """Seeds crossed with items where that can be, and how it was made in words."""
    if len(differences) < FEWEST_SEEDS:
        few = f"{len(differences)} seeds: an interval over seeds needs {FEWEST_SEEDS}"
        return t_interval(differences), None, few
    mine = table(record, condition.treatment, condition.measure, condition.control)
    theirs = table(record, condition.control, condition.measure, condition.treatment)
    why_not = mine.why_not or theirs.why_not
    if mine.values is None or theirs.values is None or mine.rows.tolist() != theirs.rows.tolist():
        return t_interval(differences), None, f"interval over seeds: {why_not or 'the two arms sat different exams'}"
    apart = sign * (mine.values - theirs.values)
    squared = squares(apart, mine.groups)
    squared = squared._replace(seed=squared.items * float(differences.var(ddof=1)))  # free of the items' rounding
    note = f"interval over seeds crossed with {'items' if mine.groups is None else 'groups of items'}"
    if not apart.any():
        note = f"{note}; the two arms answered every item alike"
    return from_squares(float(differences.mean()), squared, apart.shape[1]), squared, note
