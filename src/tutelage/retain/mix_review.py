"""Mix old material into the new, a great deal in the first pass over the new and less in every later one.

    at epoch e of a task, e = 0, 1, ...:  rehearse floor(factor * decay^e * n) random old examples beside n new lessons

An epoch is a round: the new material comes as one episode for each pass over it, and consecutive rounds of one task
(the table's `task` column) are its epochs; without that column every round is a task of its own. Old are the lessons of
every other task and, with `part`, the rows of that part of the data, which stand for what the student was taught before
the run: with their column `reply` where they have one, otherwise as texts to be read. Drawn anew in each round,
without replacement while there are enough; of fewer, all come as often as they fit and a random part once more.
Rehearsed lessons cost nothing.

Source: He, Liu, Cho, Ott, Liu, Glass and Peng (2021), Analyzing the forgetting problem in pretrain-finetuning of
open-domain dialogue response models, section 4; as Jang et al. (2022) use it, with factor 4 and decay 0.7.
Neutral limit: factor 0 is `nothing`.

>>> [sizes(4, 0.7, 100, epoch) for epoch in range(4)]
[400, 280, 196, 137]
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.forecast import Work
from tutelage.core.method import method
from tutelage.core.stages import Penalty, Settled, Student, View
from tutelage.kit.again import as_lessons, spread
from tutelage.kit.blocks import some
from tutelage.kit.lessons import alive
from tutelage.kit.needed_parts import all_there
from tutelage.kit.reservoir import taken


@method
class MixReview:
    factor: Annotated[float, Field(ge=0)] = 4.0  # of the new lessons, in the first epoch
    decay: Annotated[float, Field(gt=0, le=1)] = 0.7  # from one epoch to the next
    part: str = ""  # of the data: what was taught before the run; "": nothing but the lessons of this run

    needs: ClassVar[Kinds] = frozenset()

    @property
    def needs_parts(self) -> tuple[str, ...]:
        """The one that stands for what was taught before."""
        return (self.part,) if self.part else ()

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """Blocks of old examples; none beside no new lesson. Refused where the data have no such part."""
        count = sizes(self.factor, self.decay, alive(new), _epoch(new, view))
        past = _others(view.lessons, _task(new))
        all_there("retain.part", self.needs_parts, view.parts)
        before = view.parts[self.part] if self.part else None
        old = sum(block.size for block in past)
        total = old + (0 if before is None else len(before))
        if count == 0 or total == 0:
            return ()
        numbers = spread(total, count, rng)
        review = taken(past, numbers[numbers < old])
        rows = numbers[numbers >= old] - old
        return review if before is None else (*review, *as_lessons(before, rows, "mix_review"))

    def rehearsed(self, new: float, held: float) -> Work:
        """Lessons beside so many new ones in the first epoch of a task, where there is anything to review."""
        anything = held > 0 or self.part != ""
        return Work(float(sizes(self.factor, self.decay, int(new), 0)) if anything else 0.0, not anything)

    def penalty(self, view: View) -> Penalty | None:
        """Nothing is added to the loss."""
        return None

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned; remembered are the task and how often it was gone through."""
        if self.factor == 0 or not alive(new):
            return Settled(view.student)
        return Settled(view.student, memory={"task": _task(new), "epochs": _epoch(new, view) + 1})


def sizes(factor: float, decay: float, new: int, epoch: int) -> int:
    """floor(factor * decay^epoch * new), in exact decimals: 0.7 is seven tenths."""
    return math.floor(Fraction(str(factor)) * Fraction(str(decay)) ** epoch * new)


def _task(lessons: Lessons) -> str:
    """Of all these lessons together; "" where no table names tasks."""
    names: set[str] = set()
    for block in lessons:
        pool = block.about.examples()
        if alive((block,)) and "task" in pool.table.columns.column_names:
            names |= {str(name) for name in pool.column("task").unique().to_pylist()}
    return "/".join(sorted(names))


def _epoch(new: Lessons, view: View) -> int:
    """How often this task was gone through right before."""
    task = _task(new)
    return int(view.memory["epochs"]) if task and view.memory and view.memory["task"] == task else 0


def _others(lessons: Lessons, task: str) -> Lessons:
    """The lessons of positive weight of other tasks: those of the present one are no review of what came before."""
    mine = [block for block in lessons if alive((block,)) and (not task or _task((block,)) != task)]
    return tuple(some(block, np.flatnonzero(block.weight > 0)) for block in mine)
