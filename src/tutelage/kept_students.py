"""Students that were taught before are kept in the user's cache, so that the next run finds them.

Kept are those that a gradient moved; what is solved in moments is taught again. One folder for each

    digest(recipe, seed, luck, data with their answers, source of all parts used, versions of libraries)

with the student as it saves itself and `told.json`, every charge in its order. Who finds a student there pays what
teaching it cost, in the same units under the same keys, so that the record comes out as if it had been taught: a reuse
is no way round a budget. Not kept is a student that a person taught, one that another taught student helped to teach
(that one is kept), one whose teaching a limit touched (another limit would have given another student), and one that
does not come back from its files as it was.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tutelage.core.data import Course, Pool, Table
from tutelage.core.descent import CanDescend
from tutelage.core.digest import digest
from tutelage.core.errors import Refused
from tutelage.core.method import settings
from tutelage.core.parts import name_of
from tutelage.core.pupil import Pupil
from tutelage.core.rng import stream
from tutelage.core.stages import Student, Till
from tutelage.kit.cache import alone, cache_folder
from tutelage.kit.charges import Charge, Watched
from tutelage.kit.sources import libraries, source_of
from tutelage.recipe.fit import Parts

FORM = 1
TOLD = "told.json"


def kept(parts: Parts, course: Course, seed: int, salt: str, till: Till, teach: Callable[[Till], Student]) -> Student:
    """The student of this recipe from the cache, paid for; else as `teach` makes it, and kept where it can be."""
    if not worth(parts):
        return teach(till)
    key = _key(parts, course, seed, salt)
    if key is None:
        return teach(till)
    folder = cache_folder("students") / key
    with alone(folder.with_name(f"{key}.lock")):  # whoever wants the same one waits and then finds it
        found = _found(folder, parts.student)
        if found is not None and _affordable(till, found[1]):
            for one in found[1]:
                one.pay(till)
            return found[0]
        watched = Watched(till)
        student = teach(watched)
        if found is None and not watched.seen.bound and not _at_its_end(till, watched.seen.told):
            _keep(folder, parts.student, student, watched.seen.told)
        return student


def worth(parts: Parts) -> bool:
    """Whether a student that is taught by these parts is kept at all."""
    moved = any(CanDescend in getattr(step.learn, "needs", ()) for step in parts.steps)
    others = any(isinstance(part, Pupil) or name_of(type(part)) == "human" for part in _all(parts))
    return moved and parts.first is None and not others


def _key(parts: Parts, course: Course, seed: int, salt: str) -> str | None:
    """None where something of the data has no canonical form."""
    steps = [[settings(part) for part in _stages(step)] + [step.per_round, step.restart, step.once, step.keep]
             for step in parts.steps]  # fmt: skip
    stop = None if parts.stop is None else settings(parts.stop)
    whole = [settings(parts.student), steps, parts.rounds, parts.assess_every, stop]
    modules = tuple(sorted({type(part).__module__ for part in _all(parts)}))
    begun: Student = parts.student.begin(course.parts["pool"].pool, stream(0, "kept"))  # its weights may lie elsewhere
    try:
        data = {name: [part.pool.fingerprint, list(part.pool.labels), _mark(part.answers)]
                for name, part in course.parts.items()}  # fmt: skip
        given = [block.digest() for block in course.given]
        return digest(FORM, whole, seed, salt, data, given, course.start, course.bought, begun.fingerprint,
                      source_of((*modules, "tutelage.before")), libraries())  # fmt: skip
    except TypeError:  # answers of a plug-in that hold something without a canonical form
        return None


def _mark(thing: Any) -> Any:
    """Answers as values that digest: tables by their fingerprint, the till left out. TypeError for what is neither."""
    if isinstance(thing, Table | Pool):
        return thing.fingerprint
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        held = {one.name: _mark(getattr(thing, one.name)) for one in dataclasses.fields(thing) if one.name != "till"}
        return [type(thing).__qualname__, held]
    if isinstance(thing, Mapping):
        return {str(name): _mark(value) for name, value in thing.items()}
    return thing


def _all(parts: Parts) -> Iterator[Any]:
    """Every part, nested ones and those of students taught before included."""
    several = [
        parts.student,
        parts.data,
        parts.stop,
        parts.first,
        *(one for step in parts.steps for one in _stages(step)),
    ]
    for one in several:
        yield from _nested(one)


def _stages(step: Any) -> list[Any]:
    return [step.choose, step.teach, step.order, step.learn, step.retain, step.recall, *step.assess]


def _nested(part: Any) -> Iterator[Any]:
    if isinstance(part, tuple | list):
        for one in part:
            yield from _nested(one)
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        yield part
        for one in dataclasses.fields(part):
            yield from _nested(getattr(part, one.name))


def _found(folder: Path, maker: Any) -> tuple[Student, list[Charge]] | None:
    """The student and its charges. None where there is none, or where its files are not what they were: then it is
    taught again and takes their place.
    """
    try:
        told = json.loads((folder / TOLD).read_text(encoding="utf-8"))
        student: Student = maker.load(folder / "student")
        charges = [Charge(*one) for one in told["told"]]
        whole = student.fingerprint == told["fingerprint"]
    except (OSError, ValueError, KeyError, Refused):
        whole = False
    if whole:
        return student, charges
    shutil.rmtree(folder, ignore_errors=True)
    return None


def _affordable(till: Till, told: list[Charge]) -> bool:
    """Whether the budget would not have touched the teaching of it."""
    sums: dict[str, float] = {}
    for one in told:
        sums[one.unit] = sums.get(one.unit, 0.0) + sum(one.amounts)
    return all(till.left(unit) - amount >= _largest(told, unit) for unit, amount in sums.items())


def _at_its_end(till: Till, told: list[Charge]) -> bool:
    """Whether so little is left of a limit that it may have cut something short."""
    return any(till.left(one.unit) < _largest(told, one.unit) for one in told)


def _largest(told: list[Charge], unit: str) -> float:
    return max((max(one.amounts, default=0.0) for one in told if one.unit == unit), default=0.0)


def _keep(folder: Path, maker: Any, student: Student, told: list[Charge]) -> None:
    """Whole or not at all, and only what comes back as it was."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".students-", dir=folder.parent))
    try:
        student.save(part / "student")
        if maker.load(part / "student").fingerprint != student.fingerprint:
            return
        about = {"form": FORM, "fingerprint": student.fingerprint, "settings": settings(maker), "told": told}
        (part / TOLD).write_text(json.dumps(about, ensure_ascii=False) + "\n", encoding="utf-8")
        if not folder.exists():
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
