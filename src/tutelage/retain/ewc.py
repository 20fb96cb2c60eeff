"""Hold each weight where it was, the more firmly the more the old answers depend on it (elastic weight consolidation).

    penalty = strength / 2 * sum_i F_i (w_i - w*_i)^2,    F <- decay * F + F_new,    w* = the weights after learning
    F_new,i = mean over the new lessons of  sum_c q_c (d log p_c / d w_i)^2,  the diagonal of the Fisher information

One sum and one anchor for all that is past (the online form); `decay: 1` forgets nothing of it. q says for whose
answers a weight matters: `exact` the student's own distribution p, all classes in turn; `sampled` one class drawn from
p for each lesson; `empirical` the lesson's own answer, which is cheaper and, where the student is sure and right,
almost 0. Every weight of the module counts, also those that an adapter keeps still.

Of a written answer, or of a text that is its own target, log p is the sum over its tokens, each behind the text as it
stands: `empirical` takes those that stand there, `sampled` and `exact` one drawn from p at every place, since there are
too many for all in turn; the mean over draws is the same.

Source: Kirkpatrick et al. (2017), equation 3; online: Schwarz et al. (2018), section 4, with decay as their gamma;
exact, sampled and empirical Fisher compared: van de Ven (2025), sections 2 and 3.
Neutral limit: strength 0 is `nothing`, and costs nothing.

>>> import numpy as np
>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream, view
>>> student = build("student", {"use": "vector.mlp", "hidden": []}).begin(POOL, stream(0, "student"))
>>> now = view(student=student, taught=np.array([0, 5]))
>>> memory = Ewc().settle(student, now.lessons, now, stream(0, "retain")).memory
>>> memory["fisher"]["head.bias"].round(3).tolist()          # p (1 - p) at p = 1/2
[0.25, 0.25]
>>> Ewc(strength=8).penalty(now._replace(memory=memory))(student.module).item()
0.0
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.descent import CanDescend, Scores
from tutelage.core.method import method
from tutelage.core.stages import Penalty, Settled, Stage, Student, View
from tutelage.kit.batching import planned
from tutelage.kit.importance import How, fisher
from tutelage.kit.pulls import Pull, decayed
from tutelage.kit.weights import weights_of


@method
class Ewc:
    strength: Annotated[float, Field(ge=0)] = 100.0
    decay: Annotated[float, Field(ge=0, le=1)] = 1.0  # of the Fisher information of earlier episodes
    fisher: How = "exact"
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
        memory = view.memory
        return Pull("ewc", memory["weights"], memory["fisher"], self.strength / 2)

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned, its weights as the new anchor. Without a new lesson all stays as it was."""
        lessons = planned((Stage(new),)).lessons  # those of weight 0 are absent
        if self.strength == 0 or not lessons:
            return Settled(view.student)
        found = fisher(view.student, lessons, self.fisher, self.lessons, rng)
        held = {name: decayed(view.memory, "fisher", name, array, self.decay) for name, array in found.items()}
        return Settled(view.student, memory={"weights": weights_of(view.student), "fisher": held})
