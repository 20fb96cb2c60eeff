"""A sample of all lessons that were ever seen, drawn as they pass by: which are kept, and where they stand.

    every lesson draws a key, uniform in [0, 1);  kept are, of each group, those with the smallest keys

so that at any time each lesson seen is kept with the same probability, whenever it came (Vitter's reservoir). A group
is everything (`none`), a class, or a task: the table's `task` column, or without one the round. Memory holds the
numbers of the kept lessons through all blocks, not the lessons: those stand in the view. Instead of a lot, a lesson's
key may be its rank among the lessons of its group that came with it.

Source: Vitter (1985), as the lessons with the smallest random keys; equal parts: Chaudhry et al. (2019), section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from tutelage.core.data import Block, Floats, Ints, Lessons, Rng
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import Memory, Student, View
from tutelage.kit.blocks import some
from tutelage.kit.lessons import classes_of
from tutelage.kit.tasks import tasks_of

By: TypeAlias = Literal["none", "class", "task"]
Ranked: TypeAlias = Callable[[Student, Lessons, Sequence[Ints]], Floats]


class Keeping(Protocol):
    """keep: places, in all or, with `each`, for each group."""

    @property
    def keep(self) -> int: ...
    @property
    def by(self) -> By: ...
    @property
    def each(self) -> bool: ...


def remembered(how: Keeping, view: View, rng: Rng, ranked: Ranked | None = None) -> dict[str, Any]:
    """The memory once it has seen every lesson of the view that it had not seen: numbers (k,), ascending, and more.

    ranked: keys (n,) of the fresh lessons, by the student, these lessons and which of them form groups; None: lots.
    """
    memory, lessons = view.memory, view.lessons
    old, seen = kept(memory, lessons), int(memory.get("blocks", 0))
    start = sum(block.size for block in lessons[:seen])
    fresh = lessons[seen:]
    alive = np.concatenate([np.zeros(0, dtype=bool), *(block.weight > 0 for block in fresh)])
    luck = rng.random(len(alive))  # also for lessons of weight 0, which are absent: the others' luck stays theirs
    groups = np.array([group for block in fresh for group in _groups(block, how.by, view.round)], dtype=str)
    if ranked is not None and alive.any():
        several = [np.flatnonzero(alive & (groups == one)) for one in np.unique(groups[alive])]
        luck = ranked(view.student, fresh, several)
    numbers = np.concatenate([old, start + np.flatnonzero(alive)])
    keys = np.concatenate([memory.get("keys", np.zeros(0)), luck[alive]])
    held = np.array([*memory.get("groups", ()), *groups[alive]], dtype=str)
    stay = _stay(keys, held, how)
    return {"numbers": numbers[stay], "keys": keys[stay], "groups": held[stay].tolist(), **mark(lessons)}


def mark(lessons: Lessons) -> dict[str, Any]:
    """Which lessons were seen: so many blocks, and the digest of the last one."""
    return {"blocks": len(lessons), "last": [block.digest() for block in lessons[-1:]]}


def unseen(memory: Memory, lessons: Lessons) -> Lessons:
    """The blocks that came since the memory was marked. ContractBroken when those before are gone."""
    kept(memory, lessons)
    return lessons[int(memory.get("blocks", 0)) :]


def kept(memory: Memory, lessons: Lessons) -> Ints:
    """Numbers of the kept lessons, through all blocks. ContractBroken when the blocks seen then are not there now."""
    blocks = int(memory.get("blocks", 0))
    now = [block.digest() for block in lessons[:blocks][-1:]]
    if len(lessons) < blocks or (blocks and now != memory["last"]):
        raise ContractBroken(
            "what is retained remembers lessons that are gone: it cannot serve a step that says keep: false"
        )
    return np.asarray(memory.get("numbers", np.zeros(0)), dtype=np.int64)


def taken(lessons: Lessons, numbers: Ints) -> Lessons:
    """The lessons of these ascending numbers, in their order; they cost nothing again. A number may come twice."""
    made, start = [], 0
    for block in lessons:
        mine = numbers[(start <= numbers) & (numbers < start + block.size)] - start
        start += block.size
        if len(mine):
            made.append(some(block, mine)._replace(cost=np.zeros(len(mine))))
    return tuple(made)


def equal_parts(counts: Ints, places: int) -> Ints:
    """How many places each group gets: equal parts, what a small group leaves goes to the others; the first get more.

    >>> equal_parts(np.array([1, 9, 9]), 8).tolist()
    [1, 4, 3]
    """
    given = np.zeros(len(counts), dtype=np.int64)
    left = min(places, int(counts.sum()))
    while left:
        open_ = np.flatnonzero(given < counts)
        more = max(left // len(open_), 1)
        for group in open_:
            part = min(more, int(counts[group] - given[group]), left)
            given[group] += part
            left -= part
    return given


def _groups(block: Block, by: By, round_: int) -> list[str]:
    """(b,) the group of each lesson."""
    if by == "none":
        return [""] * block.size
    if by == "class":
        return [str(code) for code in classes_of(block)]
    return tasks_of(block, str(round_))


def _stay(keys: Floats, groups: Any, how: Keeping) -> Ints:
    """Which of the candidates are kept, in their order: of each group those with the smallest keys."""
    names, place = np.unique(groups, return_inverse=True)
    counts = np.bincount(place, minlength=len(names))
    room = np.full(len(names), how.keep) if how.each else equal_parts(counts, how.keep)
    chosen = [np.flatnonzero(place == g)[np.argsort(keys[place == g], kind="stable")[: room[g]]]
              for g in range(len(names))]  # fmt: skip
    return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *chosen]))
