"""The students that an arm has taught before it begins, played through with numbers like the arm itself."""

from __future__ import annotations

import json
from typing import NamedTuple

from tutelage.before import course_of
from tutelage.core.data import Course
from tutelage.core.digest import digest
from tutelage.core.ledger import Ledger
from tutelage.core.method import settings
from tutelage.core.pupil import Pupil
from tutelage.kept_students import worth
from tutelage.recipe.fit import Parts, fit_one
from tutelage.recipe.lines import Source
from tutelage.recipe.pupils import changed, recipe_of
from tutelage.study.foresee import Assumed, Play, Turn
from tutelage.study.material import Material, measured


class Taught(NamedTuple):
    """One of them: what it is made of, what it learns from and each of its turns."""

    parts: Parts
    material: Material
    turns: tuple[Turn, ...]
    again: bool  # an equal one was taught before, which may have bought the same rows
    mark: str  # equal for those that are taught once and then found in the cache; empty for one that is not kept


def taught_before(parts: Parts, course: Course, seed: int, ledger: Ledger, assumed: Assumed) -> list[Taught]:
    """Depth first, as `before.ready` teaches them. What they buy is charged to `ledger`, unless they are given."""
    made: list[Taught] = []
    seen: list[Pupil] = []

    def one(path: str, pupil: Pupil) -> Pupil:
        if pupil.taught is None:
            return pupil
        own = int(pupil.taught.get("seed", seed))
        inner = fit_one(recipe_of(pupil, settings(parts.data)), Source("", {}))
        there = course_of(course, path, pupil, inner.data, own)
        purse = Ledger({}) if pupil.taught.get("given") else ledger
        made.extend(taught_before(inner, there, own, purse, assumed))
        material = measured(inner, there, own)
        turns = Play(inner, material, purse, there.parts["pool"].answers, assumed).turns()
        made.append(Taught(inner, material, tuple(turns), pupil in seen, _mark(path, pupil, inner, there, own)))
        seen.append(pupil)
        return pupil

    changed(parts, one)
    return made


def _mark(path: str, pupil: Pupil, inner: Parts, there: Course, seed: int) -> str:
    if not worth(inner):
        return ""
    told = dict(pupil.taught or {})
    return digest(path, told.get("arm"), settings(inner.student), json.dumps(told, default=str, sort_keys=True), seed,
                  there.parts["pool"].pool.fingerprint)  # fmt: skip
