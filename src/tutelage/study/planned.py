"""The plan that a run was started with, kept in its folder, and beside it what the run then took."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tutelage.core.data import Course
from tutelage.recipe.fit import Parts
from tutelage.recipe.read import Read
from tutelage.runs.record import ArmState, Record, write
from tutelage.study.amounts import Amount
from tutelage.study.calibration import load
from tutelage.study.measure import round_lines
from tutelage.study.observe import PLAN, size
from tutelage.study.plan import Plan, plan

WITHIN = 0.5  # seconds that a plan may hold up the start of a run
FAR = 0.25  # of what was planned; a unit that is off by more is said


class Beside(NamedTuple):
    """One thing as it was planned and as it came, over all arms and seeds. planned None: it was not known."""

    what: str  # a unit, "rounds", "seconds" or "bytes"
    planned: float | None
    actual: float
    sure: str
    why: str = ""

    @property
    def off(self) -> float:
        """The difference as a share of what was planned; 0 where nothing was. inf: something where none was planned."""
        if self.planned is None or self.planned == self.actual:
            return 0.0
        return (self.actual - self.planned) / self.planned if self.planned else math.inf


class Planned(NamedTuple):
    """rows: empty while the run is not done. skipped: why there is no plan."""

    rows: tuple[Beside, ...]
    skipped: str = ""

    @property
    def far(self) -> tuple[Beside, ...]:
        """What was off by more than a quarter; less than an upper bound is not off."""
        return tuple(one for one in self.rows if (one.off if one.sure == "at most" else abs(one.off)) > FAR)


def keep(record: Record, read: Read, parts: Mapping[str, Parts], courses: Mapping[str, Course]) -> None:
    """Write the plan beside the recipe. A run is never held up by it: what goes wrong is written down instead."""
    try:
        made = as_json(plan(read, parts, courses, load(), len(os.sched_getaffinity(0)), WITHIN))
    except Exception as error:  # a plug-in's forecast may fail, and the study can run all the same
        made = {"skipped": f"{type(error).__name__}: {error}"}
    write(record.folder / PLAN, json.dumps(made, indent=1, default=float))


def as_json(made: Plan) -> dict[str, Any]:
    """Totals by arm and in all, and the data in numbers."""
    arms = {arm.name: _amounts({"rounds": arm.rounds, **arm.units, "seconds": arm.seconds, "bytes": arm.disk})
            for arm in made.arms}  # fmt: skip
    whole = _amounts({"rounds": made.rounds, **made.units, "seconds": made.seconds, "bytes": made.disk})
    material = {
        arm: {
            str(seed): {**one._asdict(), "width": one.width and one.width._asdict(), "exams": dict(one.exams)}
            for seed, one in seeds.items()
        }
        for arm, seeds in made.material.items()
    }
    rest = _amounts({"wall": made.wall, "texts": made.texts.texts, "embedding": made.texts.seconds})
    return {"total": whole, **rest, "workers": made.workers, "arms": arms, "notes": list(made.notes),
            "material": material}  # fmt: skip


def planned(record: Record, states: Sequence[ArmState]) -> Planned | None:
    """None for a run without a plan, one begun before there were plans."""
    path = record.folder / PLAN
    if not path.is_file():
        return None
    held = json.loads(path.read_text(encoding="utf-8"))
    if "skipped" in held:
        return Planned((), held["skipped"])
    if any(state.status != "done" for state in states):
        return Planned(())
    actual = _actual(record, states)
    rows = []
    for what, amount in held["total"].items():
        rows.append(Beside(what, amount["value"], actual.pop(what, 0.0), amount["sure"], amount["why"]))
    rows += [Beside(what, None, value, "unknown") for what, value in actual.items()]
    return Planned(tuple(rows))


def _actual(record: Record, states: Sequence[ArmState]) -> dict[str, float]:
    made = {"rounds": float(sum(state.rounds for state in states))}
    for state in states:
        for unit, amount in state.spent.items():
            if unit != "seconds":
                made[unit] = made.get(unit, 0.0) + amount
    made["seconds"] = float(sum(line["seconds"] for one in states for line in round_lines(record, one.arm, one.seed)))
    made["bytes"] = float(sum(size(state.folder) for state in states))
    return made


def _amounts(given: Mapping[str, Amount]) -> dict[str, dict[str, Any]]:
    return {what: amount._asdict() for what, amount in given.items()}
