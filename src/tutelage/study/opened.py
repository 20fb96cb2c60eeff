"""A run that this process works on: locked, its data as they were, its texts embedded, and what is left to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from tutelage.core.data import Course, Pool
from tutelage.core.errors import Fault, Refused
from tutelage.core.rng import stream
from tutelage.recipe.fit import Parts, fit
from tutelage.recipe.read import Read
from tutelage.runs.record import Record, changes, fingerprints
from tutelage.study.encoding import looked_at
from tutelage.study.jobs import Job
from tutelage.study.progress import Progress, Watch, expected

AT_ONCE = 65_536  # texts embedded in one call: enough to keep every core busy, and 100 MB of vectors at 384 numbers


class Opened(NamedTuple):
    """What is left to do of a run, and how far it is. The first seed of every arm comes first."""

    record: Record
    jobs: tuple[Job, ...]
    watch: Watch


@contextmanager
def opened(record: Record, tell: Callable[[Progress], None]) -> Iterator[Opened]:
    """Keep others off this run while it is worked on. Refused, with every difference, when its data changed."""
    with record.lock():
        read = record.read()
        parts = fit(read)
        courses = courses_of(read, parts)
        _unchanged(record, courses)
        seeds = record.seeds
        jobs = [Job(record.folder, arm, seed) for seed in seeds for arm in read.recipes]
        left = tuple(job for job in jobs if record.state(job.arm, job.seed).status != "done")
        journals = tuple(record.arm_folder(job.arm, job.seed) / "events.jsonl" for job in jobs)
        watch = Watch(journals, _total(read, parts, courses, len(seeds)))
        _embed(read, parts, left, lambda note: tell(watch.look(note)))
        yield Opened(record, left, watch)


def courses_of(read: Read, parts: Mapping[str, Parts]) -> dict[str, Course]:
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


def _total(read: Read, parts: Mapping[str, Parts], courses: Mapping[str, Course], seeds: int) -> int | None:
    each = [expected(parts[arm], courses[arm], read.study.budget) for arm in parts]
    known = [one for one in each if one is not None]
    return sum(known) * seeds if len(known) == len(each) else None


def _embed(read: Read, parts: Mapping[str, Parts], jobs: Sequence[Job], tick: Callable[[str], None]) -> None:
    """Fill the embedding cache once, before several workers would each do it.

    Only for students whose embedding depends on no luck, two that begin differently name it alike, and where it is
    looked at: by a stage, or by the student's own fit.
    """
    seen: set[str] = set()
    for job in jobs:
        recipe, built = read.recipes[job.arm], parts[job.arm]
        key = f"{job.seed} {_plain(recipe.data)} {_plain(recipe.student)}"
        if key in seen or not looked_at(built) or "text" not in built.student.reads & built.data.holds:
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
