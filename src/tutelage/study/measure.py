"""Numbers from a record: learning curves over what was paid, their last value, mean height and cost to a level.

    last    = the last value at or below the highest cost that all compared arms reached
    area    = (1 / (c_k - c_1)) sum_j (v_j + v_(j+1)) / 2 * (c_(j+1) - c_j),    the trapezoid mean height of the curve
    final   = the value of the last round, whatever it cost
    cost_to = min(first cost with a value at least `level`, the highest common cost)
    fact    = what a stage said under this name when it last said it, whatever that cost

over the costs c that all arms of a comparison reached (one arm alone: over its own). A curve of one point has its value
as area. Last, final and area are weighted means of the curve's values, so they can be taken apart item by item. A curve
that never reaches the level is censored at the highest common cost, a restricted mean (Royston and Parmar 2013).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Array, Floats, Ints
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.recipe.conditions import IN_ITS_UNIT, Measure
from tutelage.runs.journal import lines
from tutelage.runs.record import Record, arrays

CLOSE = 1e-5  # items are stored in single precision


class Curve(NamedTuple):
    """One score of one arm at one seed, by what was spent. All (k,), costs strictly rising."""

    costs: Floats
    values: Floats
    names: tuple[str, ...]  # the arrays behind each point: a path relative to the arm's folder
    higher_is_better: bool


class Items(NamedTuple):
    """A measure taken apart: its mean is the measure wherever the score is the mean of its items."""

    rows: Ints  # row numbers of the exam's table
    values: Floats
    groups: Array | None


def curve(record: Record, arm: str, seed: int, measure: Measure) -> Curve:
    """The last step of each round that has the score; of several points at one cost the last. May be empty."""
    of, unit = measure.of, measure.per or record.read().study.unit
    points: dict[float, tuple[float, str]] = {}
    higher, known = True, set()
    for line in round_lines(record, arm, seed):
        known |= line["scores"].keys()
        if of in line["scores"]:
            points[line["spent"].get(unit, 0.0)] = (line["scores"][of], line["arrays"])
            higher = line["higher"][of]
    if known and not points:
        raise Refused(Fault(f"{record.name}, arm {arm}", f"there is no score called {of!r}", nearest(of, known)))
    costs = sorted(points)
    values = np.array([points[cost][0] for cost in costs], dtype=np.float64)
    return Curve(np.array(costs, dtype=np.float64), values, tuple(points[cost][1] for cost in costs), higher)


def round_lines(record: Record, arm: str, seed: int) -> tuple[dict[str, Any], ...]:
    """The journal's rounds, in order; read again only when the file has changed."""
    path = record.arm_folder(arm, seed) / "events.jsonl"
    if not path.exists():
        return ()
    now = path.stat()
    return _round_lines(path, now.st_mtime_ns, now.st_size)


@functools.lru_cache(maxsize=1024)  # a report asks for every score of every arm and seed several times
def _round_lines(path: Path, changed: int, size: int) -> tuple[dict[str, Any], ...]:
    return tuple(line for line in lines(path) if line["event"] == "round")


def per_seed(record: Record, arm: str, measure: Measure, among: Sequence[str] = ()) -> Floats:
    """(S,) the measure of every seed, NaN where unfinished; `among`: at costs that all these arms reached."""
    arms = tuple(dict.fromkeys((arm, *among)))
    made = []
    for seed in record.seeds:
        if any(record.state(one, seed).status != "done" for one in arms):
            made.append(np.nan)
            continue
        mine = curve(record, arm, seed, measure)
        made.append(value(mine, measure, reach(record, seed, measure, arms)))
    return np.array(made, dtype=np.float64)


def told(record: Record, arm: str, name: str) -> Floats:
    """(S,) a fact as it was last said at every seed, NaN where unfinished. Refused when it never was."""
    made = np.full(len(record.seeds), np.nan)
    for place, seed in enumerate(record.seeds):
        if record.state(arm, seed).status == "done":
            facts = {key: said for line in round_lines(record, arm, seed) for key, said in line["facts"].items()}
            if name not in facts:
                where = f"{record.name}, arm {arm} at seed {seed}"
                raise Refused(Fault(where, f"no stage said a fact called {name!r}", nearest(name, facts)))
            made[place] = facts[name]
    return made


def censored(record: Record, arm: str, measure: Measure, among: Sequence[str] = ()) -> int:
    """At how many seeds the arm never reached the measure's level within the common cost."""
    arms = tuple(dict.fromkeys((arm, *among)))
    return sum(
        np.isnan(_reached(curve(record, arm, seed, measure), measure, reach(record, seed, measure, arms)[1]))
        for seed in record.seeds
    )


def reach(record: Record, seed: int, measure: Measure, arms: Sequence[str]) -> tuple[float, float]:
    """The lowest and the highest cost that all these arms reached; (0, -1) when there is none. final: any cost."""
    curves = [curve(record, one, seed, measure).costs for one in arms]
    if any(len(costs) == 0 for costs in curves):
        return 0.0, -1.0
    pick = max if measure.use == "final" else min
    return max(float(costs[0]) for costs in curves), pick(float(costs[-1]) for costs in curves)


def value(mine: Curve, measure: Measure, within: tuple[float, float]) -> float:
    """The measure of one curve between two costs; NaN where they enclose none of it."""
    if measure.use == "cost_to":
        if within[1] < within[0]:
            return float("nan")
        first = _reached(mine, measure, within[1])
        return within[1] if np.isnan(first) else max(first, within[0])
    shares = weights(mine.costs, measure.use, within)
    return float(shares @ mine.values) if shares.any() else float("nan")


def _reached(mine: Curve, measure: Measure, high: float) -> float:
    """The first cost, at most `high`, where the score is at the level or beyond; NaN where there is none."""
    assert measure.level is not None
    beyond = mine.values >= measure.level if mine.higher_is_better else mine.values <= measure.level
    at = np.flatnonzero(beyond & (mine.costs <= high))
    return float(mine.costs[at[0]]) if len(at) else float("nan")


def weights(costs: Floats, use: str, within: tuple[float, float]) -> Floats:
    """(k,) what each point counts in the measure; they sum to 1, or are all 0 where nothing was reached.

    >>> weights(np.array([10.0, 20, 40]), "area", (10, 40)).round(3).tolist()
    [0.167, 0.5, 0.333]
    >>> weights(np.array([10.0, 20, 40]), "last", (10, 30)).tolist()
    [0.0, 1.0, 0.0]
    """
    made = np.zeros(len(costs))
    if len(costs) == 0 or within[1] < within[0]:
        return made
    low, high = max(within[0], float(costs[0])), within[1]
    last = int(np.searchsorted(costs, high, side="right")) - 1
    if last < 0 or high < low:
        return made
    if use in {"last", "final"} or high == low:
        made[last] = 1.0
        return made
    first = max(int(np.searchsorted(costs, low, side="right")) - 1, 0)
    places = np.arange(first, last + 1)
    at = np.append(np.clip(costs[places], low, high), high)  # the last value holds up to the end of the range
    points = np.append(places, last)
    widths = np.diff(at)
    np.add.at(made, points[:-1], widths / 2)
    np.add.at(made, points[1:], widths / 2)
    return made / (high - low)


def items(record: Record, arm: str, seed: int, measure: Measure, among: Sequence[str] = ()) -> Items:
    """The same item by item: the last round's items, or their mean over the curve with the weights of the area.

    Empty for a measure that is no weighted mean of the curve's values.
    """
    if measure.use not in IN_ITS_UNIT:
        return Items(np.zeros(0, dtype=np.int64), np.zeros(0), None)
    mine = curve(record, arm, seed, measure)
    shares = weights(mine.costs, measure.use, reach(record, seed, measure, tuple(dict.fromkeys((arm, *among)))))
    folder = record.arm_folder(arm, seed)
    rows: Ints = np.zeros(0, dtype=np.int64)
    total: Floats = np.zeros(0)
    groups: Array | None = None
    for share, name in zip(shares, mine.names, strict=True):
        if share == 0:
            continue
        saved = arrays(folder / name)
        here = saved[f"{measure.of}.rows"]
        if len(total) == 0:
            rows, total = here, np.zeros(len(here))
            groups = saved.get(f"{measure.of}.groups")
        if not np.array_equal(rows, here):
            raise Refused(Fault(str(folder / name), f"the exam of {measure.of!r} changed between rounds"))
        total = total + share * saved[f"{measure.of}.items"].astype(np.float64)
    return Items(rows, total, groups)


def is_mean(found: Items, value: float) -> bool:
    """Whether a measure is the mean of its items, so that an interval over items means something."""
    return len(found.values) > 0 and abs(float(found.values.mean()) - value) <= CLOSE * max(1.0, abs(value))
