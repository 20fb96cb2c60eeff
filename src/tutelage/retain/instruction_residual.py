"""Add what an instructed student has beyond its base to a student that went on learning from that base.

    shown = w + scale (w_instruct - w_base),    w the weights as learned, w_base those at the start of the run

Continued learning of an instructed model loses what it was instructed in; continue from the base instead and give it
the difference back afterwards, without any instruction data. The next episode goes on from w. `instruct` is a student
of the same kind as the one that is taught: `{arm: NAME}`, or written out with `taught`; without one there is nothing to
add. `base` is the student that `instruct` was made from, where that is not the one at the start of the run. Low-rank
layers of either count as what they add to the layers beside them, so that an instructed adapter gives a difference of
full weights. Everything is added in double precision and a part of an array at a time; weights that stand under several
names are added once, and buffers such as tables of positions are those of the student.

Source: Jindal et al. (2024), Balancing continuous pre-training and instruction fine-tuning, arXiv 2410.10739; another
scale than 1: task arithmetic of Ilharco et al. (2023).
Neutral limit: scale 0, or no `instruct`, is `nothing`; a run that learns nothing shows `instruct` at scale 1.

>>> InstructionResidual(scale=0.5).scale
0.5
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.descent import CanDescend
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import Penalty, Settled, Student, View
from tutelage.kit.weights import Weights, combined


@method
class InstructionResidual:
    instruct: Annotated[Any, part("student")] = None
    base: Annotated[Any, part("student")] = None  # None: the student at the start of the run
    scale: float = 1.0

    needs: ClassVar[Kinds] = frozenset({CanDescend})
    combines: ClassVar[bool] = True
    students_need: ClassVar[Kinds] = frozenset({CanDescend})

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """No old lesson is added to the new ones."""
        return ()

    def penalty(self, view: View) -> Penalty | None:
        """Nothing is added to the loss."""
        return None

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned goes on, with the difference it is shown. ContractBroken for unlike weights."""
        if self.scale == 0 or self.instruct is None:
            return Settled(view.student)
        several = {"instruct": self.instruct.finished, "base": view.first if self.base is None else self.base.finished}
        shapes = Weights(view.student).shapes()
        for key, student in several.items():
            theirs = Weights(student, merged=True).shapes()
            unlike = sorted(name for name in shapes.keys() | theirs.keys() if shapes.get(name) != theirs.get(name))
            if unlike:
                raise ContractBroken(f"retain.{key} has other weights than the student: {', '.join(unlike[:3])}")

        def added(now: np.ndarray, instruct: np.ndarray, base: np.ndarray) -> np.ndarray:
            return np.asarray(now + self.scale * (instruct - base))

        return Settled(view.student, combined(view.student, several, added, merged=True))
