"""Hold each weight where it was, the more firmly the more the outputs would change with it (memory aware synapses).

    penalty = strength sum_i O_i (w_i - w*_i)^2,    O <- decay * O + O_new,    w* = the weights after learning
    O_new,i = mean over the new lessons of  | d |f(x)|^2 / d w_i |,    f(x) the scores of all classes

No label is read, so that unlabelled material would do, and a weight counts by what it does to the outputs, not to the
loss. One sum and one anchor for all that is past.

Source: Aljundi, Babiloni, Elhoseiny, Rohrbach and Tuytelaars (2018), equations 2 to 4, with |f|^2 as they propose.
Neutral limit: strength 0 is `nothing`, and costs nothing.

>>> import numpy as np
>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream, view
>>> student = build("student", {"use": "vector.mlp", "hidden": []}).begin(POOL, stream(0, "student"))
>>> now = view(student=student, taught=np.array([0, 5]))
>>> Mas().settle(student, now.lessons, now, stream(0, "retain")).memory["importance"]["head.bias"].tolist()
[0.0, 0.0]
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.descent import CanDescend, Scores
from tutelage.core.method import method
from tutelage.core.stages import Penalty, Settled, Stage, Student, View
from tutelage.kit.batching import planned
from tutelage.kit.importance import sensitivity
from tutelage.kit.pulls import Pull, decayed
from tutelage.kit.weights import weights_of


@method
class Mas:
    strength: Annotated[float, Field(ge=0)] = 1.0
    decay: Annotated[float, Field(ge=0, le=1)] = 1.0  # of the importance of earlier episodes
    lessons: Annotated[int, Field(ge=1)] | None = 200  # of each episode, drawn at random; None: all

    needs: ClassVar[Kinds] = frozenset({CanDescend, Scores})
    penalises: ClassVar[bool] = True

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """No old lesson is added to the new ones."""
        return ()

    def penalty(self, view: View) -> Penalty | None:
        """None before the first memory. A weight that has grown is held in the part that there was."""
        if self.strength == 0 or not view.memory:
            return None
        return Pull("mas", view.memory["weights"], view.memory["importance"], self.strength)

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned, its weights as the new anchor. Without a new lesson all stays as it was."""
        lessons = planned((Stage(new),)).lessons  # those of weight 0 are absent
        if self.strength == 0 or not lessons:
            return Settled(view.student)
        found = sensitivity(view.student, lessons, self.lessons, rng)
        made = {name: decayed(view.memory, "importance", name, array, self.decay) for name, array in found.items()}
        return Settled(view.student, memory={"weights": weights_of(view.student), "importance": made})
