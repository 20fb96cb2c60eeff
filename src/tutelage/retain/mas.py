"""Hold each weight where it was, the more firmly the more the outputs would change with it (memory aware synapses).

    penalty = strength sum_i O_i (w_i - w*_i)^2,    O <- decay * O + O_new,    w* = the weights after learning
    O_new,i = mean over the new lessons of  | d |f(x)|^2 / d w_i |,    f(x) the scores of all classes

No label is read, so that unlabelled material would do, and a weight counts by what it does to the outputs, not to the
loss. One sum and one anchor for all that is past.

Source: Aljundi, Babiloni, Elhoseiny, Rohrbach and Tuytelaars (2018), equations 2 to 4, with |f|^2 as they propose.
Neutral limit: strength 0 is `nothing`, and costs nothing.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream, view
>>> student = build("student", {"use": "vector.mlp", "hidden": []}).begin(POOL, stream(0, "student"))
>>> now = view(student=student, taught=np.array([0, 5]))
>>> Mas().settle(student, now.lessons, now, stream(0, "retain")).memory["importance"]["head.bias"].tolist()
[0.0, 0.0]
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field

from tutelage.core.data import Ints, Kinds, Lessons, Rng
from tutelage.core.descent import CanDescend, Encoded, Scores
from tutelage.core.method import method
from tutelage.core.stages import Penalty, Settled, Stage, Student, View, able
from tutelage.kit.batching import planned
from tutelage.kit.descent import steady
from tutelage.kit.pulls import decayed, pulled, weights_of


@method
class Mas:
    strength: Annotated[float, Field(ge=0)] = 1.0
    decay: Annotated[float, Field(ge=0, le=1)] = 1.0  # of the importance of earlier episodes
    lessons: Annotated[int, Field(ge=1)] | None = 200  # of each episode, drawn at random; None: all

    needs: ClassVar[Kinds] = frozenset({CanDescend, Scores})

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """No old lesson is added to the new ones."""
        return ()

    def penalty(self, view: View) -> Penalty | None:
        """None before the first memory. A weight that has grown is held in the part that there was."""
        if self.strength == 0 or not view.memory:
            return None
        return pulled("mas", view.memory["weights"], view.memory["importance"], self.strength)

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned, its weights as the new anchor. Without a new lesson all stays as it was."""
        lessons = planned((Stage(new),)).lessons  # those of weight 0 are absent
        if self.strength == 0 or not lessons:
            return Settled(view.student)
        student = able(view.student, CanDescend)
        draw, torchs = rng.spawn(2)
        size = sum(block.size for block in lessons)
        few = size if self.lessons is None else min(size, self.lessons)
        with steady(torchs):
            rows = np.sort(draw.permutation(size)[:few])
            found = _importance(student.module.eval().requires_grad_(True), student.encode(lessons), rows)
        made = {name: decayed(view.memory, "importance", name, array, self.decay) for name, array in found.items()}
        return Settled(view.student, memory={"weights": weights_of(view.student), "importance": made})


def _importance(module: Any, encoded: Encoded, rows: Ints) -> dict[str, Any]:
    """One array a parameter: mean over these lessons by weight, one lesson at a time."""
    named = dict(module.named_parameters())
    sums = {name: torch.zeros_like(weight) for name, weight in named.items()}
    total = 0.0
    for row in rows:
        batch = encoded.batch(np.array([row]))
        slopes = torch.autograd.grad((module.scores(batch) ** 2).sum(), list(named.values()), allow_unused=True)
        share = float(batch.weight[0])
        for held, slope in zip(sums.values(), slopes, strict=True):
            if slope is not None:
                held += share * slope.detach().abs()
        total += share
    return {name: (held / total).cpu().numpy() for name, held in sums.items()}
