"""Measures of what is left of a score while something else is learned, from the rounds of a record.

The start is the score of the round `after` (-1: before all learning); steps are the updates that the learner said it
made in the rounds behind it. A round without the score is no probe, its updates count.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tutelage.core.data import Floats, Ints
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.kit.retention import lost, slowing
from tutelage.recipe.conditions import Measure
from tutelage.runs.record import Record
from tutelage.study.measure import round_lines


class Kept(NamedTuple):
    """(k,) each: updates since the start, and the score then. The first is the start itself."""

    steps: Ints
    values: Floats


def kept(record: Record, arm: str, seed: int, of: str, after: int) -> Kept:
    """Of several steps of one round the last that has the score. Refused when the start has none."""
    where, updates = f"{record.name}, arm {arm} at seed {seed}", 0.0
    points: dict[int, tuple[float, float]] = {}
    known: set[str] = set()
    for line in round_lines(record, arm, seed):
        if line["round"] > after:
            updates += line["facts"].get("updates", 0.0)
        known |= line["scores"].keys()
        if line["round"] >= after and of in line["scores"]:
            points[line["round"]] = (updates, line["scores"][of])
    if after not in points:
        help = nearest(of, known) if of not in known else "a round that is examined, -1 for before all learning"
        raise Refused(Fault(f"{where}, round {after}", f"it has no score {of!r}", help))
    steps, values = zip(*(points[number] for number in sorted(points)), strict=True)
    return Kept(np.array(steps, dtype=np.int64), np.array(values, dtype=np.float64))


def retention(record: Record, arm: str, measure: Measure) -> Floats:
    """(S,) `at`, `lost` or `slowing` at every seed, NaN where unfinished and where it is undefined."""
    made = np.full(len(record.seeds), np.nan)
    for place, seed in enumerate(record.seeds):
        if record.state(arm, seed).status == "done":
            made[place] = _number(record, arm, seed, measure)
    return made


def _number(record: Record, arm: str, seed: int, measure: Measure) -> float:
    assert measure.after is not None
    found = kept(record, arm, seed, measure.of, measure.after)
    if measure.use == "at":
        return float(found.values[0])
    if measure.use == "lost":
        less = kept(record, arm, seed, measure.against, measure.after).values if measure.against else None
        return lost(found.values, measure.chance) - (0.0 if less is None else lost(less, measure.chance_against))
    assert measure.knee is not None
    try:
        return slowing(found.steps, found.values, measure.knee, measure.scale == "logarithmic")
    except ValueError as error:
        raise Refused(Fault(f"{record.name}, arm {arm} at seed {seed}", str(error))) from None
