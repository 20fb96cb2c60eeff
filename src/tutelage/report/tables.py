"""What stands between a summary and the page: rows grouped, maps cut to size, nothing worked out anew."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from tutelage.kit.intervals import wilson
from tutelage.report.figures import Curves, Line, curves
from tutelage.report.words import factor, leading, score_name
from tutelage.study.asked import Asked
from tutelage.study.estimate import Facts, Point
from tutelage.study.judge import Judged
from tutelage.study.summary import ArmOf, Summary

SHORT = 140  # characters of a text in a table; the whole text unfolds


class Plot(NamedTuple):
    """One score's learning curves, once for a desk and once for a hand."""

    score: str
    wide: Curves
    narrow: Curves


class Strip(NamedTuple):
    """An interval on a line through zero, all in percent of the line's length; low and high NaN without one."""

    zero: float
    at: float
    low: float
    high: float
    seeds: tuple[float, ...]
    ends: tuple[float, float]  # what stands at both ends of the line, in the score's unit


class Sitting(NamedTuple):
    """The questions of one step of one round."""

    title: str
    asked: tuple[Asked, ...]
    labels: tuple[tuple[str, int], ...]  # the most frequent labels among them


class Spent(NamedTuple):
    """One unit of one arm against its limit."""

    arm: str
    unit: str
    paid: float
    limit: float  # inf without one
    left: float
    share: float  # 0..1, NaN without a limit


def plots(summary: Summary) -> tuple[Plot, ...]:
    """Curves of every score that has any, the leading one first."""
    names = dict.fromkeys([leading(summary), *(name for arm in summary.arms for name in arm.curves)])
    made = []
    for name in names:
        if not name:
            continue
        lines = [_line(arm, name) for arm in summary.arms]
        title = score_name(name) + (" (%)" if factor(name) == 100 else "")
        wide = curves(lines, 880, "labels", title)
        narrow = curves(lines, 360, "labels", title, labelled=False)
        if wide is not None and narrow is not None:
            made.append(Plot(name, wide, narrow))
    return tuple(made)


def _line(arm: ArmOf, of: str) -> Line:
    by, points = factor(of), [_banded(point, arm, of) for point in arm.curves.get(of, ()) if math.isfinite(point.mean)]
    columns = [[getattr(point, name) * by for point in points] for name in ("mean", "low", "high")]
    return Line(arm.name, [point.cost for point in points], *columns)


def _banded(point: Point, arm: ArmOf, of: str) -> Point:
    """With one seed the band is that of the exam's items: exact enough for a share of right answers only."""
    score = arm.scores.get(of)
    if of != "accuracy" or point.seeds != 1 or math.isfinite(point.low) or score is None or not score.items:
        return point
    found = wilson(point.mean * score.items, score.items)
    return point._replace(low=found.low, high=found.high)


def strips(judged: Sequence[Judged]) -> tuple[Strip | None, ...]:
    """One line per comparison; those of one score share its scale, so that lengths can be compared."""
    return tuple(_strip(one, [other for other in judged if other.condition.measure.of == one.condition.measure.of])
                 for one in judged)  # fmt: skip


def _strip(one: Judged, alike: Sequence[Judged]) -> Strip | None:
    values = [v for o in alike for v in (o.estimate, o.low, o.high, *o.per_seed) if math.isfinite(v)]
    if not math.isfinite(one.estimate):
        return None
    low, high = min(0.0, *values), max(0.0, *values)
    room = (high - low) * 0.06 or 1.0
    low, high = low - room, high + room

    def at(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    return Strip(at(0.0), at(one.estimate), at(one.low), at(one.high),
                 tuple(at(value) for value in one.per_seed if math.isfinite(value)), (low, high))  # fmt: skip


def sittings(asked: Sequence[Asked]) -> tuple[Sitting, ...]:
    """Questions by round and step, in the order in which they were put."""
    made = []
    for (bought, number, step), group in groupby(asked, key=lambda one: (one.bought, one.round, one.step)):
        rows = tuple(group)
        place = f"Round {number}" + (f", step {step}" if step not in {"", "0"} else "")
        title = "The start, before the first round" if bought == "start" else place
        counts = Counter(one.label for one in rows if one.label is not None)
        made.append(Sitting(title, rows, tuple(counts.most_common(5))))
    return tuple(made)


def text_of(x: Any) -> str:
    """The material of one question as text; a vector by its first numbers."""
    if isinstance(x, str):
        return x
    if isinstance(x, (list, tuple)):
        numbers = [f"{value:.3g}" if isinstance(value, (int, float)) else str(value) for value in x]
        return f"[{', '.join(numbers)}, …]"
    return str(x)


def fact_names(facts: Sequence[Facts]) -> tuple[str, ...]:
    """Columns of the table of facts, in the order in which they first occur."""
    return tuple(dict.fromkeys(name for one in facts for name in one.values))


def spending(summary: Summary) -> tuple[Spent, ...]:
    """Every unit that an arm paid or could have paid, against the limit of one arm at one seed."""
    made = []
    for arm in summary.arms:
        for unit in dict.fromkeys([*summary.units, *(unit for unit in arm.spent if unit != "seconds")]):
            paid, limit = arm.spent.get(unit, 0.0), summary.budget.get(unit, math.inf)
            share = min(1.0, paid / limit) if math.isfinite(limit) and limit > 0 else math.nan
            made.append(Spent(arm.name, unit, paid, limit, limit - paid, share))
    return tuple(made)


def half_width(arm: ArmOf, of: str) -> float:
    """Half the 95 % interval of the accuracy of one model on one exam, in points; NaN for other scores."""
    score = arm.scores.get(of)
    if score is None or of != "accuracy" or not score.items or not math.isfinite(score.final.value):
        return math.nan
    found = wilson(score.final.value * score.items, score.items)
    return 50 * (found.high - found.low)
