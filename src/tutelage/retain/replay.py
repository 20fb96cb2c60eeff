"""Keep some of the old lessons and learn them again beside the new ones.

    memory: a uniform sample of `keep` lessons of all that were ever seen, drawn as they pass by (reservoir sampling)
    rehearse = every kept lesson once;  or with `share: s`, so many that they are the share s of all that is learned

`by: class` or `task` keeps a sample of each class, or of each task, in equal parts as far as there are lessons; a task
is the table's `task` column, or without one the round. `each: true` keeps `keep` lessons of each of them instead of in
all. Batches are shuffled by the learner, so a share of the lessons is, on average, that share of each batch. Rehearsed
lessons cost nothing again. Only a run that goes on from its last student rehearses (restart: false); one that restarts
learns all lessons anyway.

`pick: herding` draws no lots: of the lessons of a class that come together it keeps those whose mean is nearest to the
mean of them all, in the embedding of the student that has learned them; a memory that has to shrink drops the last.

Source: reservoir and class-balanced memories of Chaudhry et al. (2019), section 3; Riemer et al. (2019), algorithm 1;
the reservoir of Vitter (1985), as the lessons with the smallest random keys; herding: Rebuffi et al. (2017), iCaRL,
algorithms 4 and 5.
Neutral limit: share 0 or keep 0 is `nothing`; with keep no less than all lessons, each round learns all of them.

>>> from tutelage.toys import stream, view
>>> now = view(taught=np.array([0, 2, 3, 5]))
>>> kept = Replay(keep=2).settle(now.student, now.lessons, now, stream(0, "retain")).memory
>>> [block.about.rows.size for block in Replay(keep=2).rehearse((), now._replace(memory=kept), stream(0, "retain"))]
[2]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Block, Floats, Floats32, Ints, Kinds, Lessons, Rng
from tutelage.core.errors import ContractBroken
from tutelage.core.forecast import Work
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, Penalty, Settled, Student, View, able
from tutelage.kit.again import beside, spread
from tutelage.kit.herding import herded
from tutelage.kit.lessons import alive
from tutelage.kit.reservoir import By, kept, remembered, taken


@method
class Replay:
    keep: Annotated[int, Field(ge=0)] = 200  # lessons
    by: By = "none"
    each: bool = False  # keep so many of each class or task
    pick: Literal["uniform", "herding"] = "uniform"
    share: Annotated[float, Field(ge=0, lt=1)] | None = None  # of what is learned; None: each kept lesson once

    @property
    def needs(self) -> Kinds:
        """An embedding where lessons are herded."""
        return frozenset({CanEmbed} if self.pick == "herding" else {})

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """Blocks of kept lessons; none before the first memory, and none beside no new lesson where a share is set."""
        numbers = kept(view.memory, view.lessons)
        if len(numbers) == 0 or self.share == 0:
            return ()
        if self.share is not None:
            numbers = numbers[spread(len(numbers), int(self.rehearsed(alive(new), len(numbers)).amount), rng)]
        return taken(view.lessons, np.sort(numbers))

    def rehearsed(self, new: float, held: float) -> Work:
        """Lessons beside so many new ones; not exact where each class or task keeps its own."""
        if self.share is not None:
            return Work(beside(self.share, new) if held and self.keep else 0.0, True)
        return Work(float(min(held, self.keep)), not self.each)

    def penalty(self, view: View) -> Penalty | None:
        """Nothing is added to the loss."""
        return None

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned; the memory sees every lesson that it has not seen."""
        if self.keep == 0 or self.share == 0:
            return Settled(view.student)
        ranked = None if self.pick == "uniform" else self._herded
        return Settled(view.student, memory=remembered(self, view, rng, ranked))

    def _herded(self, student: Student, lessons: Lessons, groups: Sequence[Ints]) -> Floats:
        """Keys (n,) of lessons that came together: their ranks in their groups."""
        vectors = np.concatenate([_embedded(student, block) for block in lessons])
        keys = np.full(len(vectors), np.inf)
        for mine in groups:
            keys[mine] = herded(vectors[mine], self.keep)
        return keys


def _embedded(student: Student, block: Block) -> Floats32:
    """(b, d). ContractBroken for lessons about several rows."""
    if block.about.starts is not None:
        raise ContractBroken("lessons about several rows have no place of their own: retain.pick: uniform keeps them")
    return able(student, CanEmbed).embed(block.about.pool.take(block.about.rows))
