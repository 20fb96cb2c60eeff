"""A study looked at before anything is fetched, run or bought: checked as for a run, then planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from tutelage.assets.fetch import asset
from tutelage.core.data import Course
from tutelage.core.errors import Missing, Refused
from tutelage.core.rng import stream
from tutelage.recipe.fit import Parts, fit
from tutelage.recipe.read import Read
from tutelage.study.calibration import Rates
from tutelage.study.checks import of_material, of_study
from tutelage.study.control import plan_arms
from tutelage.study.encoding import idle
from tutelage.study.plan import Plan, plan


def prospect(read: Read, rates: Rates, workers: int) -> Plan:
    """The plan of a study. Refused, with every fault, where a run would be; what is not fetched is unknown in it."""
    faults = of_study(read)
    if faults:
        raise Refused(faults)
    read = plan_arms(read)
    parts = fit(read)
    courses, away = _courses(read, parts)
    faults = of_material(read, {arm: parts[arm] for arm in courses}, courses)
    if faults:
        raise Refused(faults)
    made = plan(read, parts, courses, rates, workers)
    away += [missing for built in parts.values() for missing in _absent((built.student, built.steps), idle(built))]
    said = tuple(f"Not here yet, and a run needs it: {one}" for one in dict.fromkeys(away))
    return made._replace(notes=(*made.notes, *said))


def _courses(read: Read, parts: Mapping[str, Parts]) -> tuple[dict[str, Course], list[str]]:
    """The data of the first seed of every arm whose data are here, and what is to be done for the others."""
    made: dict[str, Course] = {}
    kept: list[tuple[Any, Course]] = []
    away: list[str] = []
    for arm, built in parts.items():
        alike = [course for data, course in kept if data == built.data]
        try:
            made[arm] = alike[0] if alike else built.data.course(stream(read.study.seed_list[0], "data"))
        except Missing as missing:
            away.append(" ".join(str(missing).split()))
            continue
        kept.append((built.data, made[arm]))
    return made, away


def _absent(part: Any, spare: tuple[Any, ...] = ()) -> Iterator[str]:
    """What has to be fetched for a part, or for one nested in it."""
    if isinstance(part, tuple):
        for one in part:
            yield from _absent(one, spare)
    elif is_dataclass(part) and not any(part is one for one in spare):
        for name in getattr(part, "assets", ()):
            try:
                asset(name)
            except Missing as missing:
                yield " ".join(str(missing).split())
        for inner in fields(part):
            yield from _absent(getattr(part, inner.name), spare)
