"""Keep some of the old lessons and learn them again beside the new ones.

    memory: a uniform sample of `keep` lessons of all that were ever seen, drawn as they pass by (reservoir sampling)
    rehearse = every kept lesson once;  or with `share: s`, so many that they are the share s of all that is learned

`by: class` or `task` keeps a sample of each class, or of each task, in equal parts as far as there are lessons; a task
is the table's `task` column, or without one the round. `each: true` keeps `keep` lessons of each of them instead of in
all. Batches are shuffled by the learner, so a share of the lessons is, on average, that share of each batch. Rehearsed
lessons cost nothing again. Only a run that goes on from its last student rehearses (restart: false); one that restarts
learns all lessons anyway.

Source: reservoir and class-balanced memories of Chaudhry et al. (2019), section 3; Riemer et al. (2019), algorithm 1;
the reservoir of Vitter (1985), as the lessons with the smallest random keys.
Neutral limit: share 0 or keep 0 is `nothing`; with keep no less than all lessons, each round learns all of them.

>>> from tutelage.toys import stream, view
>>> now = view(taught=np.array([0, 2, 3, 5]))
>>> kept = Replay(keep=2).settle(now.student, now.lessons, now, stream(0, "retain")).memory
>>> [block.about.rows.size for block in Replay(keep=2).rehearse((), now._replace(memory=kept), stream(0, "retain"))]
[2]
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Block, Floats, Ints, Kinds, Label, Lessons, Rng, Soft
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.stages import Memory, Penalty, Settled, Student, View
from tutelage.kit.blocks import some


@method
class Replay:
    keep: Annotated[int, Field(ge=0)] = 200  # lessons
    by: Literal["none", "class", "task"] = "none"
    each: bool = False  # keep so many of each class or task
    share: Annotated[float, Field(ge=0, lt=1)] | None = None  # of what is learned; None: each kept lesson once

    needs: ClassVar[Kinds] = frozenset()

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """Blocks of kept lessons; none before the first memory, and none beside no new lesson where a share is set."""
        kept = _kept(view.memory, view.lessons)
        if len(kept) == 0 or self.share == 0:
            return ()
        if self.share is not None:
            beside = sum(int((block.weight > 0).sum()) for block in new)
            kept = _repeated(kept, round(self.share / (1 - self.share) * beside), rng)
        numbers = np.sort(kept)
        made, start = [], 0
        for block in view.lessons:
            mine = numbers[(start <= numbers) & (numbers < start + block.size)] - start
            start += block.size
            if len(mine):
                made.append(some(block, mine)._replace(cost=np.zeros(len(mine))))
        return tuple(made)

    def penalty(self, view: View) -> Penalty | None:
        """Nothing is added to the loss."""
        return None

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned; the memory sees every lesson that it has not seen."""
        if self.keep == 0 or self.share == 0:
            return Settled(view.student)
        kept, seen = _kept(view.memory, view.lessons), int(view.memory.get("blocks", 0))
        start = sum(block.size for block in view.lessons[:seen])
        fresh = view.lessons[seen:]
        alive = np.concatenate([np.zeros(0, dtype=bool), *(block.weight > 0 for block in fresh)])
        luck = rng.random(len(alive))  # also for lessons of weight 0, which are absent: the others' luck stays theirs
        groups = np.array([group for block in fresh for group in self._groups(block, view.round)], dtype=str)
        numbers = np.concatenate([kept, start + np.flatnonzero(alive)])
        keys = np.concatenate([view.memory.get("keys", np.zeros(0)), luck[alive]])
        held = np.array([*view.memory.get("groups", ()), *groups[alive]], dtype=str)
        stay = self._stay(keys, held)
        marks = [block.digest() for block in view.lessons[-1:]]
        memory = {"numbers": numbers[stay], "keys": keys[stay], "groups": held[stay].tolist(),
                  "blocks": len(view.lessons), "last": marks}  # fmt: skip
        return Settled(view.student, memory=memory)

    def _groups(self, block: Block, round_: int) -> list[str]:
        """(b,) the group of each lesson."""
        if self.by == "none":
            return [""] * block.size
        if self.by == "class":
            return [str(code) for code in _classes(block)]
        if "task" not in block.about.pool.table.columns.column_names:
            return [str(round_)] * block.size
        starts = np.arange(block.size) if block.about.starts is None else block.about.starts[:-1]
        return [str(task) for task in block.about.pool.take(block.about.rows[starts]).column("task").to_pylist()]

    def _stay(self, keys: Floats, groups: Any) -> Ints:
        """Which of the candidates are kept, in their order: of each group those with the smallest keys."""
        names, place = np.unique(groups, return_inverse=True)
        counts = np.bincount(place, minlength=len(names))
        room = np.full(len(names), self.keep) if self.each else _equal_parts(counts, self.keep)
        chosen = [np.flatnonzero(place == g)[np.argsort(keys[place == g], kind="stable")[: room[g]]]
                  for g in range(len(names))]  # fmt: skip
        return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *chosen]))


def _kept(memory: Memory, lessons: Lessons) -> Ints:
    """Numbers of the kept lessons, through all blocks. ContractBroken when the blocks seen then are not there now."""
    blocks = int(memory.get("blocks", 0))
    now = [block.digest() for block in lessons[:blocks][-1:]]
    if len(lessons) < blocks or (blocks and now != memory["last"]):
        raise ContractBroken("replay remembers lessons that are gone: it cannot serve a step that says keep: false")
    return np.asarray(memory.get("numbers", np.zeros(0)), dtype=np.int64)


def _repeated(kept: Ints, wanted: int, rng: Rng) -> Ints:
    """`wanted` of the kept: all of them as often as they fit, then a random part."""
    times, rest = divmod(wanted, len(kept))
    return np.concatenate([np.tile(kept, times), rng.permutation(kept)[:rest]])


def _equal_parts(counts: Ints, places: int) -> Ints:
    """How many places each group gets: equal parts, what a small group leaves goes to the others; the first get more.

    >>> _equal_parts(np.array([1, 9, 9]), 8).tolist()
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


def _classes(block: Block) -> Ints:
    """(b,) the class that each lesson gives, the likeliest of a distribution."""
    if block.kind is Label:
        return np.asarray(block.given["label"], dtype=np.int64)
    if block.kind is Soft:
        return np.asarray(block.given["probs"].argmax(axis=1), dtype=np.int64)
    raise ContractBroken(f"a lesson of kind {block.kind.__name__} has no class to balance by; use by: task, or none")
