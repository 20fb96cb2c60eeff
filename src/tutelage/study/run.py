"""A study from its file to its finished record: control, refusals, then arms x seeds in worker processes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.assets.fetch import asset
from tutelage.core.data import Course, Pool
from tutelage.core.errors import Fault, Refused
from tutelage.core.rng import stream
from tutelage.core.stages import CanEmbed
from tutelage.recipe.fit import Parts, fit
from tutelage.recipe.read import Read
from tutelage.runs.arm import execute
from tutelage.runs.record import Record, changes, create, fingerprints
from tutelage.study.checks import of_material, of_study
from tutelage.study.control import plan_arms
from tutelage.study.observe import observe
from tutelage.study.planned import keep
from tutelage.study.progress import Progress, Watch, expected
from tutelage.study.workers import Job, run_all

__all__ = ["Prepared", "Progress", "go_on", "plan_arms", "prepare", "start"]
AT_ONCE = 65_536  # texts embedded in one call: enough to keep every core busy, and 100 MB of vectors at 384 numbers


class Prepared(NamedTuple):
    """A study that can run: parts built and fitted, the course of every arm at the first seed. Nothing is spent."""

    read: Read  # with the uniform control, if one was added
    parts: Mapping[str, Parts]
    courses: Mapping[str, Course]


def prepare(read: Read) -> Prepared:
    """Add the control, build and fit every part, make the data of the first seed; Refused with every fault at once."""
    faults = of_study(read)
    if faults:
        raise Refused(faults)
    read = plan_arms(read)
    parts = fit(read)
    for built in parts.values():
        _fetched((built.student, built.steps))
    courses = _courses(read, parts)
    faults = of_material(read, parts, courses)
    if faults:
        raise Refused(faults)
    return Prepared(read, parts, courses)


def start(prepared: Prepared, root: Path, sets: tuple[str, ...] = (), name: str = "") -> Record:
    """Make the folder of a new run under `root`; runs nothing."""
    record = create(prepared.read, prepared.courses, root, sets, name)
    keep(record, prepared.read, prepared.parts, prepared.courses)
    return record


def go_on(record: Record, workers: int | None = None, progress: Callable[[Progress], None] | None = None) -> str:
    """Run what is not done yet: "done", or "waiting" when a person has to answer first. Safe to call at any time.

    `workers`: None is one per core, 0 runs everything in this process. Refused, with every difference, when the data
    under the run changed. On Ctrl-C the workers are stopped and KeyboardInterrupt passes through: call it again.
    """
    with record.lock():
        read = record.read()
        parts = fit(read)
        courses = _courses(read, parts)
        _unchanged(record, courses)
        jobs = [Job(arm, seed) for seed in read.study.seed_list for arm in read.recipes]
        open_ = [job for job in jobs if record.state(*job).status != "done"]
        watch = Watch(tuple(record.arm_folder(*job) / "events.jsonl" for job in jobs), _total(read, parts, courses))

        def tick(note: str = "teaching") -> None:
            if progress is not None:
                progress(watch.look(note))

        if open_:
            _embed(read, parts, open_, tick)
        count = len(os.sched_getaffinity(0)) if workers is None else workers
        ended = run_all(record.folder, open_, count, tick) if count else list(_here(record, open_, tick))
        tick()
        observe(record)
        return "waiting" if "waiting" in ended else "done"


def _fetched(part: Any) -> None:
    """Missing when a part, or one nested in it, needs an asset that is not here."""
    if isinstance(part, tuple):
        for one in part:
            _fetched(one)
    elif is_dataclass(part):
        for name in getattr(part, "assets", ()):
            asset(name)
        for inner in fields(part):
            _fetched(getattr(part, inner.name))


def _here(record: Record, jobs: list[Job], tick: Callable[[], None]) -> Iterator[str]:
    for job in jobs:
        yield execute(record.folder, job.arm, job.seed)
        tick()


def _courses(read: Read, parts: Mapping[str, Parts]) -> dict[str, Course]:
    """The data of every arm at the first seed; arms with equal data share one."""
    made: dict[str, Course] = {}
    for arm, built in parts.items():
        key = _plain(read.recipes[arm].data)
        if key not in made:
            made[key] = built.data.course(stream(read.study.seed_list[0], "data"))
    return {arm: made[_plain(read.recipes[arm].data)] for arm in parts}


def _plain(spec: Any) -> str:
    return json.dumps(spec, sort_keys=True, default=str)


def _unchanged(record: Record, courses: Mapping[str, Course]) -> None:
    """Refused with every difference between the data under the run and the data as they are now."""
    before = record.material()
    now = json.loads(json.dumps({arm: fingerprints(course) for arm, course in courses.items()}))
    found = dict.fromkeys(fault for arm in before for fault in changes(before[arm], now.get(arm)))
    if found:
        what = "the data changed since this run began; start a new run, or put the old file back. What differs:"
        raise Refused([Fault(record.name, what), *found])


def _total(read: Read, parts: Mapping[str, Parts], courses: Mapping[str, Course]) -> int | None:
    each = [expected(parts[arm], courses[arm], read.study.budget) for arm in parts]
    known = [one for one in each if one is not None]
    return sum(known) * len(read.study.seed_list) if len(known) == len(each) else None


def _embed(read: Read, parts: Mapping[str, Parts], jobs: list[Job], tick: Callable[[str], None]) -> None:
    """Fill the embedding cache once, before several workers would each do it.

    Only for students whose embedding depends on no luck: two that begin differently name it alike.
    """
    seen: set[str] = set()
    for job in jobs:
        recipe, built = read.recipes[job.arm], parts[job.arm]
        key = f"{job.seed} {_plain(recipe.data)} {_plain(recipe.student)}"
        if key in seen or CanEmbed not in built.student.can or "text" not in built.student.reads & built.data.holds:
            continue
        seen.add(key)
        course = built.data.course(stream(job.seed, "data"))
        pool = course.parts["pool"].pool
        one, other = (built.student.begin(pool, stream(job.seed, name)) for name in ("student", "student.again"))
        if one.embeds_as != other.embeds_as:
            continue
        for material in _material(course):
            for batch in material.batches(AT_ONCE):
                tick(f"embedding {len(material)} texts")
                one.embed(batch)


def _material(course: Course) -> Iterator[Pool]:
    """Everything that a student may have to embed."""
    yield from (part.pool for part in course.parts.values())
    for exam in course.exams.values():
        yield from (block.about.examples() for block in exam.truth)
        yield from exam.parts.values()
