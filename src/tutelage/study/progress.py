"""How far a study is, read off the journals of its arms; each look reads only what was added."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Course, Ints
from tutelage.kit.episodes import episodes
from tutelage.recipe.fit import Parts, Step

ROUND, END = b'{"event":"round"', b'{"event":"end"'


class Progress(NamedTuple):
    """How far a study is; a job is one arm at one seed."""

    done_rounds: int
    expected_rounds: int | None  # None: cannot be told beforehand
    done_jobs: int
    jobs: int
    note: str  # "embedding", "teaching"


@dataclass
class Watch:
    """Counts the lines of growing journals."""

    journals: tuple[Path, ...]
    expected: int | None
    read: dict[Path, int] = field(default_factory=dict)
    rounds: int = 0
    ended: int = 0

    def look(self, note: str) -> Progress:
        """What stands there now."""
        for path in self.journals:
            self._follow(path)
        return Progress(self.rounds, self.expected, self.ended, len(self.journals), note)

    def _follow(self, path: Path) -> None:
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(self.read.get(path, 0))
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self.read[path] = self.read.get(path, 0) + len(whole)
        for line in whole.splitlines():
            self.rounds += line.startswith(ROUND)
            self.ended += line.startswith(END)


def expected(parts: Parts, course: Course, budget: Mapping[str, float]) -> int | None:
    """How many rounds one arm writes at one seed at most (a rule `stop` may end it earlier), steps counted singly.

    None where it ends when the data say so.
    """
    asks = parts.steps[0]
    pieces = episodes(course.parts["pool"].pool)
    opening = 1 if course.given or len(course.start) or pieces else 0
    left = len(course.parts["pool"].pool) - course.bought - len(course.start)
    most: float = math.inf if parts.rounds is None else parts.rounds
    if pieces:
        most = _through(pieces[: parts.rounds], asks, course, budget.get("labels", math.inf))
    elif asks.per_round is not None and asks.keep:
        most = min(most, math.ceil(left / asks.per_round))
        if "labels" in asks.teach.spends and "labels" in budget:
            labels = budget["labels"] - course.bought - len(course.start)
            most = min(most, math.ceil(labels / asks.per_round))
    elif asks.per_round is None and asks.keep:
        most = min(most, 1)
    if math.isinf(most):
        return None
    once = sum(step.once for step in parts.steps)
    return opening + int(most) * (len(parts.steps) - once) + (once if most else 0)


def _through(pieces: Sequence[Ints], asks: Step, course: Course, labels: float) -> int:
    """How many episodes are reached before the labels are used up."""
    pool = course.parts["pool"].pool
    start = pool.numbers[course.start]
    sizes = [len(rows) - int(np.isin(rows, start).sum()) for rows in pieces]
    if "labels" not in asks.teach.spends:
        return len(sizes)
    left = labels - course.bought - len(start)
    for number, size in enumerate(sizes):
        wanted = size if asks.per_round is None else min(asks.per_round, size)
        if wanted and left < 1:
            return number
        left -= wanted
    return len(sizes)
