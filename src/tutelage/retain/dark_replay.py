"""Learn old lessons again beside the new ones, and answer them with the same scores as then (dark experience replay).

    penalty = logits mean_B 1/C |z - z_then|^2  +  labels mean_B CE(z, y),     B `batch` remembered lessons at each step

z_then are the scores of the student right after the episode in which the lesson was seen. The memory is a uniform
sample of `keep` lessons of all that were ever seen (or equal parts of each class or task), drawn as they pass by. A
class that came later than a lesson has no part in its z_then unless the head had it already. Both terms share one
batch, where the authors draw two, and the scores are kept at the end of an episode, where they keep those of the step
that saw the lesson. Each step costs a second pass over `batch` lessons.

Source: Buzzega, Boschini, Porrello, Abati and Calderara (2020), equation 6 (DER++), the square averaged over classes as
in their code; the memory as in `replay`.
Neutral limit: keep 0, or logits 0 and labels 0, is `nothing`; labels 0 is their DER.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream, view
>>> student = build("student", {"use": "vector.mlp", "hidden": []}).begin(POOL, stream(0, "student"))
>>> now = view(student=student, taught=np.array([0, 5]))
>>> memory = DarkReplay().settle(student, now.lessons, now, stream(0, "retain")).memory
>>> round(DarkReplay().penalty(now._replace(memory=memory))(student.module).item(), 4)     # log(2) / 2
0.3466
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field

from tutelage.core.data import Floats32, Ints, Kinds, Label, Lessons, Rng, Soft
from tutelage.core.descent import CanDescend, Scores
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.core.stages import Memory, Penalty, Settled, Student, View, able
from tutelage.kit.distributions import distribution
from tutelage.kit.rehearsal import Rehearsal, mean, scores_of
from tutelage.kit.reservoir import By, kept, remembered, taken


@method
class DarkReplay:
    keep: Annotated[int, Field(ge=0)] = 200  # lessons
    by: By = "none"
    each: bool = False  # keep so many of each class or task
    logits: Annotated[float, Field(ge=0)] = 0.5  # weight of the scores as they were
    labels: Annotated[float, Field(ge=0)] = 0.5  # weight of what the lessons say
    batch: Annotated[int, Field(ge=1)] = 32  # remembered lessons at each step

    needs: ClassVar[Kinds] = frozenset({CanDescend, Scores})
    accepts: ClassVar[Kinds] = frozenset({Label, Soft})
    penalises: ClassVar[bool] = True
    extra_passes: ClassVar[float] = 1.0

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """No old lesson is added to the new ones: they stand in the penalty."""
        return ()

    def penalty(self, view: View) -> Penalty | None:
        """None before the first memory."""
        numbers = kept(view.memory, view.lessons)
        if self._idle or len(numbers) == 0:
            return None
        student, luck = able(view.student, CanDescend), stream(view.memory["luck"], "retain.memory", view.round)
        prepared = {"then": view.memory["scores"], "width": view.memory["widths"]}
        rehearsal = Rehearsal(student, taken(view.lessons, numbers), self.batch, luck, prepared)

        def recall(module: Any) -> Any:
            batch = rehearsal.next_for(module)
            scores, then, width = module.scores(batch), batch.prepared["then"], batch.prepared["width"]
            there = torch.arange(then.shape[1], device=then.device) < width[:, None]
            away = ((scores[:, : then.shape[1]] - then) ** 2 * there).sum(dim=1) / width
            said = -(distribution(batch, scores) * torch.log_softmax(scores, dim=1)).sum(dim=1)
            return mean(self.logits * away + self.labels * said, batch)

        return recall

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned; the memory sees every lesson that it has not seen, with its scores of now."""
        if self._idle:
            return Settled(view.student)
        draws, lucks = rng.spawn(2)
        memory = remembered(self, view, draws)
        held = _with_scores(view, memory["numbers"])
        return Settled(view.student, memory={**memory, **held, "luck": int(lucks.integers(2**31))})

    @property
    def _idle(self) -> bool:
        return self.keep == 0 or self.logits == self.labels == 0


def _with_scores(view: View, numbers: Ints) -> Memory:
    """Scores (k, C), 0 beyond the classes of then; widths (k,): how many those were."""
    old, memory = kept(view.memory, view.lessons), view.memory
    fresh = scores_of(able(view.student, CanDescend), taken(view.lessons, np.setdiff1d(numbers, old)))
    classes = max(fresh.shape[1], memory["scores"].shape[1] if memory else 0)
    scores, widths = np.zeros((len(numbers), classes), np.float32), np.full(len(numbers), fresh.shape[1], np.int64)
    is_old = np.isin(numbers, old)
    if is_old.any():
        at = np.searchsorted(old, numbers[is_old])
        then: Floats32 = memory["scores"][at]
        scores[is_old, : then.shape[1]], widths[is_old] = then, memory["widths"][at]
    scores[~is_old, : fresh.shape[1]] = fresh
    return {"scores": scores, "widths": widths}
