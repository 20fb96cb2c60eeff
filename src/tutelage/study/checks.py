"""What would go wrong later, said before anything is spent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from tutelage.before import no_part
from tutelage.core.data import Course
from tutelage.core.errors import Fault, nearest
from tutelage.core.ledger import UNITS
from tutelage.core.parts import name_of
from tutelage.core.pupil import Pupil
from tutelage.kit.episodes import episodes, without_episode
from tutelage.kit.exams import sat_by
from tutelage.kit.needed_parts import NeedsParts, lacking
from tutelage.recipe.fit import Parts, Step
from tutelage.recipe.pupils import changed, part_of
from tutelage.recipe.read import Read
from tutelage.study.contrast import needed
from tutelage.study.limits import too_much

OPENS_ANSWERS = {"oracle", "noisy"}  # teachers that reveal the pool's own sealed answers


def of_study(read: Read) -> list[Fault]:
    """Faults of the study's own keys: units, seeds, and the arms that its conditions name."""
    study, place = read.study, read.source.place
    faults = [
        Fault(place(f"budget.{unit}"), f"nothing is paid for in {unit!r}", nearest(unit, UNITS))
        for unit in study.budget
        if unit not in UNITS
    ]
    if len(set(study.seed_list)) < len(study.seed_list) or not study.seed_list:
        faults.append(Fault(place("seeds"), f"every seed counts once, and there is at least one; found {study.seeds}"))
    for number, condition in enumerate(study.shows):
        for arm in sorted(needed(condition) - study.arms.keys()):
            faults.append(Fault(place(f"shows.{number}"), f"there is no arm called {arm!r}", nearest(arm, study.arms)))
        if (unit := condition.measure.per) and unit not in UNITS:
            faults.append(Fault(place(f"shows.{number}"), f"nothing is paid for in {unit!r}", nearest(unit, UNITS)))
    return faults


def of_material(read: Read, parts: Mapping[str, Parts], courses: Mapping[str, Course]) -> list[Fault]:
    """Faults that show only beside the data: too few rows, no answers, no exam. Each once, though arms share them."""
    faults: list[Fault] = []
    first = next(iter(read.study.arms))
    for arm, built in parts.items():

        def place(path: str, arm: str = arm) -> str:
            return read.source.place(path, arm, first)

        found = [*_exams(built, courses[arm], place), *_answers(built, courses[arm], place)]
        found += [*_episodes(built, courses[arm], place), *_parts(built, courses[arm], place)]
        found = found or list(_labels(read, built.steps[0], courses[arm], place))
        faults.extend(fault for fault in found if fault not in faults)
    return faults or list(dict.fromkeys(too_much(read, parts, courses)))


def _exams(parts: Parts, course: Course, place: Any) -> Iterator[Fault]:
    """Every assessor needs the exam that it is set on."""
    known = [*course.exams, *(["exam"] if course.bought else [])]
    for step in parts.steps:
        for number, assessor in enumerate(step.assess):
            for on in sat_by(assessor, known):
                if on not in known:
                    what = f"{name_of(type(assessor))} needs an exam called {on!r}, and the data have none"
                    yield Fault(place(f"assess.{number}"), what, nearest(on, known, "on: every is all of them"))


def _episodes(parts: Parts, course: Course, place: Any) -> Iterator[Fault]:
    """Every row belongs to an episode, and there are no more rounds than episodes."""
    pool = course.parts["pool"].pool
    missing = without_episode(pool)
    if missing:
        what = f"{missing} of the pool's {len(pool)} rows belong to no episode: their cell in that column is empty"
        yield Fault(place("data.episode"), what, "fill the cells, or leave data.episode out")
        return
    count = len(episodes(pool))
    if count and (parts.rounds or 0) > count:
        what = f"the recipe asks for {parts.rounds} rounds, and the data come in {count} episodes, one a round"
        yield Fault(place("rounds"), what, f"leave rounds out, or use at most {count}")


def _parts(parts: Parts, course: Course, place: Any) -> list[Fault]:
    """Every student that is taught on a part of these data, and every method that reads one, finds it there."""
    faults: list[Fault] = []

    def look(path: str, pupil: Pupil) -> Pupil:
        name = part_of(pupil)
        if name and name not in course.parts:
            faults.append(no_part(place(f"{path}.taught.data.part"), name, course))
        return pupil

    changed(parts, look)
    held = {name: part.pool for name, part in course.parts.items()}
    for number, step in enumerate(parts.steps):
        for stage in ("choose", "teach", "order", "learn", "retain", "recall"):
            for path, method in _inside(getattr(step, stage), stage):
                path = f"steps.{number}.{path}" if len(parts.steps) > 1 else path
                names = method.needs_parts if isinstance(method, NeedsParts) else ()
                where = place(f"{path}.{_said(method)}")
                faults += [fault for name in names if (fault := lacking(where, name, held)) is not None]
    return faults


def _said(method: Any) -> str:
    """The setting that names the parts which a method reads."""
    return "parts" if any(field.name == "parts" for field in fields(method)) else "part"


def _inside(method: Any, path: str) -> Iterator[tuple[str, Any]]:
    """A method and those that are its settings, at whatever depth, each with its path."""
    yield path, method
    for field in fields(method):
        value = getattr(method, field.name)
        if is_dataclass(value) and not isinstance(value, type):
            yield from _inside(value, f"{path}.{field.name}")


def _answers(parts: Parts, course: Course, place: Any) -> Iterator[Fault]:
    """A teacher that opens stored answers needs one for every row that may be asked about."""
    pool, answers = course.parts["pool"]
    known = getattr(answers, "known", None)
    if known is None:
        return
    for step in parts.steps:
        name = name_of(type(step.teach))
        if name not in OPENS_ANSWERS or getattr(step.teach, "part", None) is not None:
            continue
        missing = int((~np.asarray(known(pool))).sum())
        if missing:
            rows = "no row" if missing == len(pool) else f"only {len(pool) - missing} of {len(pool)} rows"
            help = "label the rows in the file, or let a person answer: --set teach.use=human"
            yield Fault(place("teach"), f"{name} opens stored answers, but {rows} of the pool has one", help)


def _labels(read: Read, asks: Step, course: Course, place: Any) -> Iterator[Fault]:
    """The budget against the pool, and against what is bought before the first question."""
    if "labels" not in asks.teach.spends:
        return
    pool, answers = course.parts["pool"]
    price = float(getattr(asks.teach, "price", getattr(answers, "prices", {}).get("labels", 1.0)))
    limit = read.study.budget.get("labels", np.inf)
    if np.isfinite(limit) and limit > len(pool) * price:
        what = f"the budget is {limit:g} labels, but the pool has only {len(pool)} rows to ask about"
        yield Fault(place("budget.labels"), what, f"--set budget.labels={len(pool) * price:g} asks about all of them")
        return
    before = {"the exam": course.bought, "the class-balanced start": len(course.start)}
    needed = {name: count for name, count in before.items() if count}
    rows = sum(needed.values())
    if not needed or (rows * price < limit and rows < len(pool)):
        return
    said = " and ".join(f"{name} takes {count}" for name, count in needed.items())
    if rows >= len(pool):
        yield Fault(place("data"), f"nothing is left to ask about: {said} of the pool's {len(pool)} rows")
    else:
        yield Fault(place("budget.labels"), f"nothing is left to ask for: {said} of the {limit:g} labels")
