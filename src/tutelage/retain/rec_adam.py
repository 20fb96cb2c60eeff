"""Recall the first weights while learning: each step of Adam begins small beside a pull back, and takes over in time.

    w <- w - rate * l(t) * adam(g),   then   w <- w - rate * (weight - l(t)) * gamma * (w - w*)
    l(t) = weight / (1 + exp(-k (t - t0))),    t = 1, 2, ... the updates of the optimiser's life

w* are the weights before the episode or, with `to: first`, those at the start of the run, which is the method as it was
published, for a pretrained student; weights that were not there then are not pulled. The pull is decoupled: it is
added to no loss and passes through no moments, as weight decay in adamw. That is why it is a matter of the step and
neither an objective nor a penalty; what it holds on to is a matter of retention. rate * (weight - l) * gamma above 2
would throw the weights further from w* than they were, and is refused; the published gamma of 5000 at a rate of 0.001
comes to 5 and needs a warm-up that is longer than t0.

Source: Chen, Hou, Cui, Che, Liu and Yu (2020), Recall and learn, equations 8 to 11 and algorithm 1; in the order of
their code, where the pull sees the weights after Adam's step. k and t0 as in Jang et al. (2022).
Neutral limit: weight 0 is `nothing`; where l is 1 from the start, as with t0 far below 0, it is Adam.

>>> [round(RecAdam(k=1.0, t0=2).share(t), 3) for t in (1, 2, 3)]
[0.269, 0.5, 0.731]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from scipy.special import expit

from tutelage.core.data import Array, Kinds, Lessons, Rng
from tutelage.core.descent import CanDescend
from tutelage.core.method import method
from tutelage.core.stages import Penalty, Settled, Student, View
from tutelage.kit.pulls import Pull
from tutelage.kit.weights import weights_of


@method
class RecAdam:
    gamma: Annotated[float, Field(ge=0)] = 10.0
    k: Annotated[float, Field(ge=0)] = 0.5
    t0: float = 250.0  # updates
    weight: Annotated[float, Field(ge=0)] = 1.0
    to: Literal["before", "first"] = "before"

    needs: ClassVar[Kinds] = frozenset({CanDescend})
    penalises: ClassVar[bool] = True

    def share(self, step: int) -> float:
        """Of Adam's step at this update, counted from 1."""
        return self.weight * float(expit(self.k * (step - self.t0)))

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """No old lesson is added to the new ones."""
        return ()

    def penalty(self, view: View) -> Penalty | None:
        """What steers the steps; None at weight 0 and, to the weights before, in the first episode."""
        if self.weight == 0 or (self.to == "before" and not view.memory):
            return None
        return Held(self, weights_of(view.first if self.to == "first" else view.student))

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned; remembered is only that there was an episode with a lesson."""
        if self.weight == 0 or not any((block.weight > 0).any() for block in new):
            return Settled(view.student)
        return Settled(view.student, memory={"episodes": int(view.memory.get("episodes", 0)) + 1})


@dataclass(frozen=True, eq=False)
class Held:
    """Implements core.descent.Steers. As a number: gamma / 2 times the squared distance to the anchor."""

    how: RecAdam
    anchor: dict[str, Array]

    def __call__(self, module: Any) -> Any:
        return Pull("rec_adam", self.anchor, None, self.how.gamma / 2)(module)

    def shares(self, step: int) -> tuple[float, float]:
        """Of the optimiser's step, and of the distance to the anchor."""
        share = self.how.share(step)
        return share, (self.how.weight - share) * self.how.gamma
