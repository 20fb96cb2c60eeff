"""Pull every weight to where it was: before this episode, or when the run began.

    penalty = strength / 2 sum_i (w_i - w*_i)^2,    w* the weights before the episode;  `to: first`  those at the start

Elastic weight consolidation with all weights of one importance. With `to: first`, to a pretrained student, the pull
acts from the first episode on and nothing is remembered; with `to: before` it begins with the second.

Source: Li, Grandvalet and Davoine (2018), L2-SP, equation 2, here with one strength for the head as well.
Neutral limit: strength 0 is `nothing`; with importance 1 everywhere `ewc` is the same as `to: before`.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream, view
>>> student = build("student", {"use": "vector.mlp", "hidden": []}).begin(POOL, stream(0, "student"))
>>> L2Start(to="first").penalty(view(student=student))(student.module).item()
0.0
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.descent import CanDescend
from tutelage.core.method import method
from tutelage.core.stages import Penalty, Settled, Student, View
from tutelage.kit.pulls import Pull
from tutelage.kit.weights import weights_of


@method
class L2Start:
    strength: Annotated[float, Field(ge=0)] = 0.1
    to: Literal["before", "first"] = "before"

    needs: ClassVar[Kinds] = frozenset({CanDescend})
    penalises: ClassVar[bool] = True

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """No old lesson is added to the new ones."""
        return ()

    def penalty(self, view: View) -> Penalty | None:
        """None at strength 0 and, to the weights before, in the first episode. Of grown weights the old part."""
        if self.strength == 0 or (self.to == "before" and not view.memory):
            return None
        anchor = view.first if self.to == "first" else view.student
        return Pull("l2_start", weights_of(anchor), None, self.strength / 2)

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned; remembered is only that there was an episode with a lesson."""
        if self.strength == 0 or not any((block.weight > 0).any() for block in new):
            return Settled(view.student)
        return Settled(view.student, memory={"episodes": int(view.memory.get("episodes", 0)) + 1})
