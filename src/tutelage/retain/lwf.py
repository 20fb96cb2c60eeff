"""Go on answering new examples as before about the classes that were known before (learning without forgetting).

    penalty = strength T^2 mean over a batch of new lessons of  KL( softmax(z_old / T) || softmax(z / T) )

z_old are the scores of the student before the episode on the new lessons' rows, asked once beforehand; both are over
the classes that occurred in earlier lessons. A batch is `batch` of the new lessons in a shuffled order of their own, so
that each step costs a second pass over that many. No old lesson is kept or read.

Of a written answer, or of a text that is its own target, z are the logits of all tokens at each place that carries
loss, and a lesson's divergence is the mean over its places. They are too many to be kept: the student of before reads
every batch beside the one that learns, which costs a third of a pass more.

Source: Li and Hoiem (2016), equations 2 and 3, with T = 2 as they use; T^2 as in Hinton, Vinyals and Dean (2015),
section 2.
Neutral limit: strength 0 is `nothing`.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream, view
>>> student = build("student", {"use": "vector.mlp", "hidden": []}).begin(POOL, stream(0, "student"))
>>> now = view(student=student, taught=np.array([0, 5]))
>>> memory = Lwf().settle(student, now.lessons, now, stream(0, "retain")).memory
>>> later = now._replace(lessons=(*now.lessons, *now.lessons), memory=memory)
>>> Lwf().penalty(later)(student.module).item(), memory["classes"].tolist()
(0.0, [0, 1])
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field

from tutelage.core.data import Floats32, Ints, Itself, Kinds, Lessons, Rng, Text
from tutelage.core.descent import CanDescend, Scores
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.core.stages import Penalty, Settled, Stage, Student, View, able
from tutelage.kit.batching import planned
from tutelage.kit.distil import divergences
from tutelage.kit.lessons import classes_of
from tutelage.kit.rehearsal import Rehearsal, mean, scores_of
from tutelage.kit.reservoir import mark, unseen

WRITTEN = (Text, Itself)


@method
class Lwf:
    strength: Annotated[float, Field(ge=0)] = 1.0
    temperature: Annotated[float, Field(gt=0)] = 2.0
    batch: Annotated[int, Field(ge=1)] = 32  # new lessons compared at each step

    needs: ClassVar[Kinds] = frozenset({CanDescend, Scores})
    penalises: ClassVar[bool] = True
    extra_passes: ClassVar[float] = 1.0

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """No old lesson is added to the new ones."""
        return ()

    def penalty(self, view: View) -> Penalty | None:
        """None in the first episode and where there is no new lesson."""
        new = planned((Stage(unseen(view.memory, view.lessons)),)).lessons
        if self.strength == 0 or not view.memory or not new:
            return None
        student, luck = able(view.student, CanDescend), stream(view.memory["luck"], "retain.new", view.round)
        known = view.memory["classes"]
        prepared = {"old": _asked(student, new, known), "all_known": known}
        rehearsal, before = Rehearsal(student, new, self.batch, luck, prepared), _Before(student)

        def distil(module: Any) -> Any:
            batch = rehearsal.next_for(module)
            if batch.kind in WRITTEN:
                apart = divergences(module, before.like(module), batch, self.temperature)
                return self.strength * self.temperature**2 * mean(apart, batch)
            scores = module.scores(batch)[:, batch.prepared["all_known"]]
            now, old = (torch.log_softmax(one / self.temperature, dim=1) for one in (scores, batch.prepared["old"]))
            return self.strength * self.temperature**2 * mean((old.exp() * (old - now)).sum(dim=1), batch)

        return distil

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned; remembered is which classes there were. Without a new lesson all stays."""
        lessons = planned((Stage(unseen(view.memory, view.lessons)),)).lessons
        if self.strength == 0 or not lessons:
            return Settled(view.student)
        told = [classes_of(block) for block in lessons if block.kind not in WRITTEN]
        found = [np.asarray(view.memory.get("classes", np.zeros(0)), dtype=np.int64), *told]
        memory = {"classes": np.unique(np.concatenate(found)), "luck": int(rng.integers(2**31)), **mark(view.lessons)}
        return Settled(view.student, memory=memory)


class _Before:
    """The module of the student before the episode, made when it is asked for, where the other one is."""

    def __init__(self, student: CanDescend) -> None:
        self._student, self._module = student, None

    def like(self, module: Any) -> Any:
        if self._module is None:
            made = self._student.module.eval().requires_grad_(False)
            self._module = made.to(next(module.parameters()).device)
        return self._module


def _asked(student: Any, lessons: Lessons, known: Ints) -> Floats32:
    """(n, k) scores of the known classes; 0 for lessons that are written, which are asked about batch by batch."""
    made = [np.zeros((0, len(known)), dtype=np.float32)]
    for block in lessons:
        none = np.zeros((block.size, len(known)), dtype=np.float32)
        made.append(none if block.kind in WRITTEN else scores_of(student, (block,))[:, known])
    return np.concatenate(made)
