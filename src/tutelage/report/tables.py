"""What stands between a summary and the page: rows grouped, maps cut to size, nothing worked out anew."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from tutelage.kit.intervals import wilson
from tutelage.report.costs import UNCOUNTED, cell, plain_unit, scale, unit_of, units
from tutelage.report.figures import Curves, Line, curves
from tutelage.report.quantity import OVER_CURVE, quantity, quantity_of
from tutelage.report.sentences import alone, limit
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
    items: int  # size of the exam
    seeds: int


class Strip(NamedTuple):
    """An interval on a line, all in percent of the line's length; low and high NaN without one."""

    reference: float  # 0, or what one arm's own number is held against
    at: float
    low: float
    high: float
    seeds: tuple[float, ...]
    ends: tuple[str, str, str]  # what stands at the left end, at the reference and at the right end


class Sitting(NamedTuple):
    """The questions of one step of one round."""

    title: str
    asked: tuple[Asked, ...]
    labels: tuple[tuple[str, int], ...]  # the most frequent labels among them


class Spent(NamedTuple):
    """One unit of one arm, mean over its finished seeds, against its limit."""

    arm: str
    unit: str
    seeds: int
    paid: str
    limit: str  # "no limit" without one
    left: str
    share: float  # 0..1, NaN without a limit


def plots(summary: Summary) -> tuple[Plot, ...]:
    """Curves of every score that has any, the leading one first; none over a unit in which nothing was paid."""
    names = dict.fromkeys([leading(summary), *(name for arm in summary.arms for name in arm.curves)])
    unit, made = unit_of(summary), []
    for name in names:
        if not name:
            continue
        found = [arm for arm in summary.arms if arm.curves.get(name)]
        most = max((point.cost for arm in found for point in arm.curves[name]), default=0.0)
        if found and most == 0:
            continue
        by, word = scale(unit, most)
        lines = [_line(arm, name, by) for arm in summary.arms]
        title = score_name(name) + (" (%)" if factor(name) == 100 else "")
        whole = by == 1.0 and unit not in UNCOUNTED
        wide = curves(lines, 880, word, title, whole=whole)
        narrow = curves(lines, 360, word, title, labelled=False, whole=whole)
        if wide is not None and narrow is not None:
            items = max((arm.scores[name].items for arm in found if name in arm.scores), default=0)
            made.append(Plot(name, wide, narrow, items, max(len(arm.seeds) for arm in found)))
    return tuple(made)


def _line(arm: ArmOf, of: str, scaled: float) -> Line:
    by, points = factor(of), [_banded(point, arm, of) for point in arm.curves.get(of, ()) if math.isfinite(point.mean)]
    columns = [[getattr(point, name) * by for point in points] for name in ("mean", "low", "high")]
    return Line(arm.name, [point.cost * scaled for point in points], *columns)


def _banded(point: Point, arm: ArmOf, of: str) -> Point:
    """With one seed the band is that of the exam's items: exact enough for a share of right answers only."""
    score = arm.scores.get(of)
    if of != "accuracy" or point.seeds != 1 or math.isfinite(point.low) or score is None or not score.items:
        return point
    found = wilson(point.mean * score.items, score.items)
    return point._replace(low=found.low, high=found.high)


def strips(judged: Sequence[Judged], unit: str) -> tuple[Strip | None, ...]:
    """One line per condition; differences of one kind share a scale, so that their lengths can be compared."""
    kinds = [_kind(one, k, unit) for k, one in enumerate(judged)]
    return tuple(
        _strip(one, [other for other, kind in zip(judged, kinds, strict=True) if kind == mine], unit)
        for one, mine in zip(judged, kinds, strict=True)
    )


def _kind(one: Judged, k: int, unit: str) -> tuple[str, str, int]:
    """Differences by what they count; one arm's own number stands on a line of its own."""
    q = quantity(one.condition, unit)
    return q.name.removesuffix(OVER_CURVE), q.unit, k if alone(one.condition) else -1


def _strip(one: Judged, alike: Sequence[Judged], unit: str) -> Strip | None:
    turn, q = alone(one.condition), quantity_of(one, unit)
    middle = limit(one.condition) if turn else 0.0
    values = [v for o in alike for v in (o.estimate, o.low, o.high, *o.per_seed) if math.isfinite(v)]
    if not math.isfinite(one.estimate):
        return None
    low, high = min(middle, *values), max(middle, *values)
    room = (high - low) * 0.06 or 1.0
    low, high = low - room, high + room

    def at(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    def said(value: float) -> str:
        return q.level(value * turn) if turn else q.signed(value) if value else "0"

    return Strip(at(middle), at(one.estimate), at(one.low), at(one.high),
                 tuple(at(value) for value in one.per_seed if math.isfinite(value)),
                 (said(low), said(middle), said(high)))  # fmt: skip


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
    """Every unit that an arm paid or could have paid, for one arm at one seed."""
    made, over = [], units(summary)
    for arm in summary.arms:
        for unit in dict.fromkeys([*over, *arm.spent]):
            made.append(_spent(arm, unit, summary.budget.get(unit, math.inf)))
    return tuple(made)


def _spent(arm: ArmOf, unit: str, most: float) -> Spent:
    known = bool(arm.seeds) or unit in arm.spent
    paid = arm.spent.get(unit, 0.0) if known else math.nan
    share = min(1.0, paid / most) if math.isfinite(most) and most > 0 else math.nan
    left = cell(most - paid, unit) if known and math.isfinite(most) else "–"
    return Spent(arm.name, plain_unit(unit), len(arm.seeds), cell(paid, unit) if known else "–",
                 cell(most, unit) if math.isfinite(most) else "no limit", left, share)  # fmt: skip


def half_width(arm: ArmOf, of: str) -> float:
    """Half the 95 % interval of the accuracy of one model on one exam, in points; NaN for other scores."""
    score = arm.scores.get(of)
    if score is None or of != "accuracy" or not score.items or not math.isfinite(score.final.value):
        return math.nan
    found = wilson(score.final.value * score.items, score.items)
    return 50 * (found.high - found.low)
