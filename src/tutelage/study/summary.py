"""Everything that is printed, drawn or handed out about a run, as plain data; reads the record and the data once."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from tutelage.core.data import Course, Ints
from tutelage.core.digest import digest
from tutelage.core.errors import Missing, Refused
from tutelage.core.ledger import BOUGHT
from tutelage.core.rng import stream
from tutelage.recipe.fit import fit_one
from tutelage.recipe.private import uncovered
from tutelage.recipe.read import Read
from tutelage.runs.record import ArmState, Record
from tutelage.study.abilities import Ability, abilities
from tutelage.study.asked import Asked, Confused, asked, confused, label_names
from tutelage.study.estimate import Facts, Point, ScoreOf, facts, points, score_of
from tutelage.study.judge import Judged, judge, overall
from tutelage.study.measure import round_lines
from tutelage.study.planned import Planned, planned

FARTHEST = ("new", "started", "done", "waiting")  # waiting counts most: somebody has something to do


class ArmOf(NamedTuple):
    """One arm."""

    name: str
    chooser: str
    status: str  # new, started, done; waiting when a seed waits for a person
    seeds: tuple[int, ...]  # the finished ones
    spent: dict[str, float]  # mean over finished seeds, by unit
    seconds: float  # sum over rounds and seeds
    scores: dict[str, ScoreOf]
    curves: dict[str, tuple[Point, ...]]
    facts: tuple[Facts, ...]
    asked: tuple[Asked, ...]  # of the first finished seed; at most asked.MOST
    confused: tuple[Confused, ...]  # most frequent first, right answers too; empty without the assessor `confusions`
    digest: str  # of the finished seeds
    abilities: tuple[Ability, ...] = ()  # the forgetting ledger; empty where the pool comes in no episodes


class Summary(NamedTuple):
    """One run."""

    name: str
    about: str
    status: str
    arms: tuple[ArmOf, ...]
    judged: tuple[Judged, ...]  # empty while unfinished
    outcome: str  # "" while unfinished or without conditions
    budget: dict[str, float]
    cost: dict[str, float]  # summed over arms and seeds, by unit
    seconds: float
    digest: str  # "" while unfinished
    notes: tuple[str, ...]  # what the data set aside, and what the numbers cannot say
    environment: dict[str, Any]
    recipe: str  # as written
    resolved: str
    labels: tuple[str, ...]
    first_seed: int
    planned: Planned | None = None  # what the run was expected to take, beside what it took

    @property
    def units(self) -> tuple[str, ...]:
        """What is shown beside a score: the units of the budget, and whatever was bought."""
        return tuple(dict.fromkeys([*self.budget, *(unit for unit in self.cost if unit in BOUGHT)])) or ("labels",)

    def as_json(self) -> dict[str, Any]:
        """Plain values only; NaN becomes None."""
        made: dict[str, Any] = plain(self)
        return made


def summary(record: Record) -> Summary:
    """Read the record, and the data for names and texts. Works on unfinished runs, and without the data."""
    read, states = record.read(), record.states()
    seed = record.seeds[0]
    courses, gone = _courses(read, seed)
    arms = tuple(_arm(record, read, name, states, courses.get(name)) for name in read.recipes)
    done = all(state.status == "done" for state in states)
    judged = judge(record) if done else ()
    cost: dict[str, float] = {}
    for state in states:
        for unit, amount in state.spent.items():
            cost[unit] = cost.get(unit, 0.0) + amount
    labels: tuple[str, ...] = ()
    for name, course in courses.items():
        labels = max(labels, label_names(record, name, seed, course), key=len)
    folder = record.folder
    notes = (*gone, *_notes(record, courses, judged))
    return Summary(
        record.name, read.study.about, _status(states), arms, judged, overall(judged) if judged else "",
        dict(read.study.budget), cost, sum(arm.seconds for arm in arms), record.digest(),
        notes, json.loads((folder / "environment.json").read_text(encoding="utf-8")),
        (folder / "recipe.yaml").read_text(encoding="utf-8"), (folder / "resolved.yaml").read_text(encoding="utf-8"),
        labels, seed, planned(record, states),
    )  # fmt: skip


def plain(value: Any) -> Any:
    """The same as dictionaries, lists, strings and numbers."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple) and (fields := getattr(value, "_fields", None)):  # a NamedTuple
        return {key: plain(item) for key, item in zip(fields, value, strict=True)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _arm(record: Record, read: Read, name: str, states: list[ArmState], course: Course | None) -> ArmOf:
    mine = [state for state in states if state.arm == name]
    done = [state for state in mine if state.status == "done"]
    rounds = [line for state in mine for line in round_lines(record, name, state.seed)]
    scores = list(dict.fromkeys(score for line in rounds for score in line["scores"] if score != "confusions"))
    units = dict.fromkeys(unit for state in done for unit in state.spent)
    seeds = tuple(state.seed for state in done)
    return ArmOf(
        name, str(read.recipes[name].choose["use"]), _status(mine), seeds,
        {unit: float(np.mean([state.spent.get(unit, 0.0) for state in done])) for unit in units},
        float(sum(line["seconds"] for line in rounds)),
        {score: score_of(record, name, seeds, score) for score in scores if seeds},
        {score: points(record, name, seeds, score) for score in scores if seeds},
        facts(record, name, seeds),
        asked(record, name, seeds[0], course, read) if seeds and course else (),
        confused(record, name, seeds, course) if seeds and course else (),
        digest([[state.seed, state.digest] for state in done]) if done else "",
        abilities(record, name, seeds, course),
    )  # fmt: skip


def _status(states: list[ArmState]) -> str:
    """Waiting when any waits, else that of the least far."""
    found = {state.status for state in states}
    return "waiting" if "waiting" in found else min(found, key=FARTHEST.index, default="new")


def _courses(read: Read, seed: int) -> tuple[dict[str, Course], tuple[str, ...]]:
    """The data of every arm that can still be read; a sentence for what cannot."""
    made: dict[str, Course] = {}
    kept: dict[str, Course] = {}
    for name, recipe in read.recipes.items():
        key = json.dumps(recipe.data, sort_keys=True, default=str)
        try:
            kept[key] = kept.get(key) or fit_one(recipe, read.source, name).data.course(stream(seed, "data"))
        except (Refused, Missing) as error:
            said = str(error).splitlines()[0]
            return made, (f"The data cannot be read any more, so texts and label names are missing: {said}",)
        made[name] = kept[key]
    return made, ()


def _uncovered(record: Record) -> Iterator[str]:
    """What an arm with private learning did to the same rows without noise; Missing parts cannot be asked."""
    read = record.read()
    for name, recipe in read.recipes.items():
        try:
            parts = fit_one(recipe, read.source, name)
        except (Refused, Missing):
            continue  # the note about the data says already that this recipe cannot be built here
        found = uncovered(parts.steps, parts.student, parts.stop)
        if found:
            yield f"{name} learns privately. Not private, and in no epsilon: {'; '.join(found)}."


def _notes(record: Record, courses: Mapping[str, Course], judged: tuple[Judged, ...]) -> list[str]:
    notes = [note for course in courses.values() for note in course.notes]
    bought: Ints = np.array([course.bought for course in courses.values() if course.bought], dtype=np.int64)
    if len(bought):
        half = 196 * math.sqrt(0.8 * 0.2 / bought.min())
        notes.append(
            f"The exam was bought: {bought.min()} rows drawn at random and labelled first. At a share of 80 % it is "
            f"good to about ±{half:.0f} points at one seed."
        )
    seeds, study = record.seeds, record.read().study
    if len(seeds) < len(study.seed_list):
        notes.append(
            f"Stopped after {len(seeds)} of {len(study.seed_list)} seeds, at a look that was declared beforehand; the "
            "intervals of the conditions are as wide as that asks for."
        )
    if "seconds" in study.budget:
        notes.append("The budget limits seconds, so another run of this study need not end in the same rounds.")
    if len(seeds) < 5:
        notes.append("Fewer than five seeds: no interval over seeds, so every comparison is unclear.")
    notes.extend(_uncovered(record))
    notes.extend(f"{one.condition.text}: {one.note}" for one in judged)
    return list(dict.fromkeys(notes))
