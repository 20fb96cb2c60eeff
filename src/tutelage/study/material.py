"""The data of a study in numbers: its courses, each made once, and the rows of each."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Course, Label, Pool
from tutelage.core.digest import digest
from tutelage.core.errors import Missing
from tutelage.core.forecast import HasOutline, HasWidth, IsFetched, Width
from tutelage.core.method import settings
from tutelage.core.parts import name_of
from tutelage.core.rng import stream
from tutelage.kit.episodes import episodes
from tutelage.recipe.fit import Parts
from tutelage.recipe.read import Read


class Material(NamedTuple):
    """A course in numbers, all of them rows."""

    pool: int
    start: int  # bought before the first question, less those that the bought exam took
    bought: int  # of them as an exam
    given: int  # lessons already paid for
    exams: Mapping[str, int]
    labels: int
    sure: int  # classes that given lessons and the start are sure to hold
    width: Width | None  # of the student's features; None where its maker cannot tell
    episodes: tuple[int, ...] = ()  # rows of each, less those of the start; () where the data come all at once


def measured(parts: Parts, course: Course, seed: int) -> Material:
    """The numbers of a course at one seed; no answer is opened."""
    pool = course.parts["pool"].pool
    bought = min(course.bought, len(pool))
    drawn = stream(seed, "exam").choice(len(pool), bought, replace=False) if bought else np.zeros(0, dtype=np.int64)
    start = int((~np.isin(course.start, drawn)).sum())
    exams = {name: sum(block.size for block in exam.truth) for name, exam in course.exams.items()}
    given = [block for block in course.given if block.kind is Label]
    classes = {int(code) for block in given for code in np.unique(block.given["label"])}
    each = int(getattr(parts.data, "start_per_class", 0))
    whole = each > 0 and start == each * len(pool.labels)
    tells = isinstance(parts.student, HasWidth) and not_here(parts.student) is None
    width = _width(parts.student, pool) if tells else None
    gone = pool.numbers[np.union1d(course.start, drawn).astype(np.int64)]
    pieces = tuple(int((~np.isin(piece, gone)).sum()) for piece in episodes(pool))
    return Material(len(pool), start, bought, sum(block.size for block in course.given),
                    {**exams, **({"exam": bought} if bought else {})}, len(pool.labels),
                    len(pool.labels) if whole else len(classes), width, pieces)  # fmt: skip


WIDTHS: dict[str, Width] = {}  # of students that read tokens, which take a while to count, and arms and seeds share


def _width(maker: HasWidth, pool: Pool) -> Width:
    if not isinstance(maker, HasOutline):
        return maker.width(pool)
    key = digest(name_of(type(maker)), settings(maker), pool.fingerprint, list(pool.labels))
    if key not in WIDTHS:
        WIDTHS[key] = maker.width(pool)
    return WIDTHS[key]


class Courses:
    """The courses of a study, each made once; beyond `deadline` those of the first seed stand for all."""

    def __init__(self, read: Read, parts: Mapping[str, Parts], courses: Mapping[str, Course], deadline: float) -> None:
        self.read, self.parts, self.deadline = read, parts, deadline
        first = read.study.seed_list[0]
        self.made: dict[tuple[str, int], Course | Missing] = {
            (self._key(arm), first): course for arm, course in courses.items()
        }
        self.stood_in = False

    def course(self, arm: str, seed: int) -> Course | Missing:
        """The course, or what has to be fetched for it."""
        key = self._key(arm)
        first = self.made.get((key, self.read.study.seed_list[0]))
        if (key, seed) not in self.made:
            if isinstance(first, Missing):
                return first
            if first is not None and time.process_time() > self.deadline:
                self.stood_in = True
                return first
            try:
                self.made[key, seed] = self.parts[arm].data.course(stream(seed, "data"))
            except Missing as missing:
                self.made[key, seed] = missing
        return self.made[key, seed]

    def _key(self, arm: str) -> str:
        return json.dumps(self.read.recipes[arm].data, sort_keys=True, default=str)


def asks_a_person(part: Any) -> bool:
    """Whether this part, or one nested in it, is `human`."""
    if isinstance(part, tuple):
        return any(asks_a_person(one) for one in part)
    if not is_dataclass(part):
        return False
    return name_of(type(part)) == "human" or any(asks_a_person(getattr(part, one.name)) for one in fields(part))


def not_here(student: Any) -> Missing | None:
    """Why a student cannot begin on this machine."""
    if isinstance(student, IsFetched):
        try:
            student.there()
        except Missing as missing:
            return missing
    return None
