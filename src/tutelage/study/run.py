"""A study from its file to its finished record: control, refusals, then arms x seeds on an engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.assets.fetch import asset
from tutelage.core.data import Course
from tutelage.core.errors import Refused
from tutelage.recipe.fit import Parts, fit
from tutelage.recipe.read import Read
from tutelage.runs.record import Record, create, write
from tutelage.study.checks import of_material, of_study
from tutelage.study.control import plan_arms
from tutelage.study.encoding import idle
from tutelage.study.engine import Engine, Workers, engine
from tutelage.study.judge import decided, judge, looks_of
from tutelage.study.observe import observe
from tutelage.study.opened import courses_of, opened
from tutelage.study.planned import keep
from tutelage.study.progress import Progress

__all__ = ["Engine", "Prepared", "Progress", "Workers", "go_on", "plan_arms", "prepare", "start"]


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
        _fetched((built.student, built.steps), idle(built))
    courses = courses_of(read, parts)
    faults = of_material(read, parts, courses)
    if faults:
        raise Refused(faults)
    return Prepared(read, parts, courses)


def start(prepared: Prepared, root: Path, sets: tuple[str, ...] = (), name: str = "") -> Record:
    """Make the folder of a new run under `root`; runs nothing."""
    record = create(prepared.read, prepared.courses, root, sets, name)
    keep(record, prepared.read, prepared.parts, prepared.courses)
    return record


def go_on(record: Record, workers: Workers = None, progress: Callable[[Progress], None] | None = None) -> str:
    """Run what is not done yet: "done", or "waiting" when a person has to answer first. Safe to call at any time.

    `workers`: None is one process per core, 0 runs everything in this one, an Engine says where else. Refused, with
    every difference, when the data under the run changed. The first failure stops the others and is raised. On Ctrl-C
    the workers are stopped and KeyboardInterrupt passes through: call it again.

    A study with `looks` is run up to each of them in turn and stops where every gated condition is decided.
    """
    for seeds in looks_of(record):
        so_far = Record(record.folder, seeds)
        if _gone_on(so_far, workers, progress) == "waiting":
            return "waiting"
        if seeds < len(record.seeds) and decided(judge(so_far)):
            write(record.folder / "stopped.json", json.dumps({"seeds": seeds}))
            break
    return "done"


def _gone_on(record: Record, workers: Workers, progress: Callable[[Progress], None] | None) -> str:
    def tell(seen: Progress) -> None:
        if progress is not None:
            progress(seen)

    where = engine(workers)
    said = set()
    with opened(record, tell) as work, closing(where.ends(iter(work.jobs))) as ends:
        for ended in ends:
            if ended is not None:
                if isinstance(ended.how, Exception):
                    raise ended.how
                said.add(ended.how)
            tell(work.watch.look("teaching"))
        tell(work.watch.look("teaching"))
    observe(record)
    return "waiting" if "waiting" in said else "done"


def _fetched(part: Any, spare: tuple[Any, ...] = ()) -> None:
    """Missing when a part, or one nested in it, needs an asset that is not here; `spare` are those that nobody asks."""
    if isinstance(part, tuple):
        for one in part:
            _fetched(one, spare)
    elif is_dataclass(part) and not any(part is one for one in spare):
        for name in getattr(part, "assets", ()):
            asset(name)
        for inner in fields(part):
            _fetched(getattr(part, inner.name), spare)
