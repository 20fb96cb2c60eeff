"""The folder of a run: what was asked for, on what, by which software; readable without running anything.

runs/<id>/recipe.yaml        as written
          resolved.yaml      every arm written out whole, overrides applied
          environment.json   versions, git revision, machine
          material.json      fingerprints of the data under the run
          answers.jsonl      what people answered
          stopped.json       after how many seeds a study with `looks` stopped
          arms/<arm>/<seed>/ events.jsonl, rounds/*.npz, model/, queue.jsonl while it waits
          report.html        made by the report
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from tutelage.core.data import Course
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.recipe.read import Read, read_text
from tutelage.runs.environment import environment
from tutelage.runs.journal import how_far


class ArmState(NamedTuple):
    """How far one arm is at one seed. status: new, started, waiting or done."""

    arm: str
    seed: int
    folder: Path
    status: str
    rounds: int
    spent: dict[str, float]
    digest: str


class Record(NamedTuple):
    """One run's folder. upto: read it as if the study had stopped after so many seeds; 0: as it stands."""

    folder: Path
    upto: int = 0

    @property
    def name(self) -> str:
        return self.folder.name

    def read(self) -> Read:
        """The study as it is being run."""
        path = self.folder / "resolved.yaml"
        return _read(path, path.stat().st_mtime_ns)

    def material(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "material.json").read_text(encoding="utf-8"))
        return loaded

    def arm_folder(self, arm: str, seed: int) -> Path:
        return self.folder / "arms" / arm / str(seed)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that count: all of the study, or those up to the look at which it stopped (`stopped.json`)."""
        whole, path = self.read().study.seed_list, self.folder / "stopped.json"
        if self.upto:
            return whole[: self.upto]
        return whole[: json.loads(path.read_text(encoding="utf-8"))["seeds"]] if path.is_file() else whole

    def states(self) -> list[ArmState]:
        """Every arm at every seed that counts."""
        seeds = self.seeds
        return [self.state(arm, seed) for arm in self.read().recipes for seed in seeds]

    def state(self, arm: str, seed: int) -> ArmState:
        folder = self.arm_folder(arm, seed)
        told = how_far(folder / "events.jsonl")
        status = "waiting" if told.status != "done" and (folder / "queue.jsonl").exists() else told.status
        return ArmState(arm, seed, folder, status, told.rounds, dict(told.spent), told.digest)

    def digest(self) -> str:
        """The record's identity: that of every arm at every seed; empty until all are done."""
        from tutelage.core.digest import digest

        states = self.states()
        if any(state.status != "done" for state in states):
            return ""
        return digest([[state.arm, state.seed, state.digest] for state in states])

    @contextmanager
    def lock(self, alone: bool = True) -> Iterator[None]:
        """One process at a time works on a run, or several that are not alone. Refused, with the pid of one that is."""
        with (self.folder / "lock").open("a+") as file:
            try:
                fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                raise Refused(Fault(self.name, f"process {file.read().strip()} is working on this run")) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield


@functools.lru_cache(maxsize=8)  # a worker asks again for every arm and seed, and a study of 30 arms takes 0.3 s
def _read(path: Path, changed: int) -> Read:
    return read_text(path.read_text(encoding="utf-8"), "resolved.yaml")


def create(read: Read, courses: Mapping[str, Course], root: Path, sets: tuple[str, ...] = (), name: str = "") -> Record:
    """Make the folder of a new run; the id is the recipe's name and the time."""
    stem = name or f"{Path(read.source.name).stem}-{datetime.now():%Y%m%d-%H%M%S}"
    folder = root / stem
    number = 1
    while folder.exists():
        if name:
            raise Refused(Fault(str(folder), "a run of this name is there already", f"tutelage resume {name}"))
        number += 1
        folder = root / f"{stem}-{number}"
    folder.mkdir(parents=True)
    write(folder / "recipe.yaml", read.text)
    if sets:
        write(folder / "sets.json", json.dumps(list(sets)))
    write(
        folder / "material.json", json.dumps({arm: fingerprints(course) for arm, course in courses.items()}, indent=1)
    )
    write(folder / "environment.json", json.dumps(environment(), indent=1))
    write(folder / "resolved.yaml", yaml.safe_dump(read.resolved(), sort_keys=False, allow_unicode=True))
    return Record(folder)


def find(name: str, root: Path) -> Record:
    """The run called `name`, a path to one, or "last". Refused with the nearest name."""
    known = sorted((path.parent for path in root.glob("*/resolved.yaml")), key=lambda path: path.stat().st_mtime)
    if name == "last" and known:
        return Record(known[-1])
    for folder in (root / name, Path(name)):
        if (folder / "resolved.yaml").is_file():
            return Record(folder)
    names = [path.name for path in known]
    raise Refused(Fault(str(root), f"there is no run called {name!r}", nearest(name, names, "tutelage list runs")))


def fingerprints(course: Course) -> dict[str, Any]:
    """What a run rests on, so that a changed file or a removed label is noticed before it goes on."""
    parts = {
        name: {"table": part.pool.table.fingerprint, "rows": len(part.pool), "labels": list(part.pool.table.labels)}
        for name, part in course.parts.items()
    }
    exams = {name: [block.digest() for block in exam.truth] for name, exam in course.exams.items()}
    return {"parts": parts, "exams": exams, "given": [block.digest() for block in course.given],
            "bought": course.bought, "notes": list(course.notes)}  # fmt: skip


def changes(before: Any, after: Any, path: str = "") -> list[Fault]:
    """Every place where two plain structures differ, in words."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [*before, *(key for key in after if key not in before)]
        return [
            fault for key in keys for fault in changes(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))
        ]
    if path.endswith(".labels") and before != after:
        gone, new = sorted(set(before or ()) - set(after or ())), sorted(set(after or ()) - set(before or ()))
        words = [f"{kind}: {', '.join(names)}" for kind, names in (("gone", gone), ("new", new)) if names]
        return [Fault(path, f"the labels changed ({'; '.join(words) or 'another order'})")]
    return [] if before == after else [Fault(path, f"was {before!r}, is {after!r}")]


def write(path: Path, content: str | bytes, durable: bool = True) -> None:
    """Whole or not at all: a temporary file on the same disk, then a rename; `durable`: the disk has it first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    temporary.replace(path)


def arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of one round."""
    with np.load(path, allow_pickle=False) as saved:
        return {name: saved[name] for name in saved.files}
