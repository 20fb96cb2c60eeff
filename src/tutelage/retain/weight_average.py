"""Show a mean of the weights before and after learning; what was learned goes on learning as it is.

    shown = (1 - share) w* + share w,    w* the weights at the start of the run;  `of: before`  those before the episode

A line between two solutions often keeps most of what each of them can do. Weights that have grown since are the new
ones. A low-rank adapter that has been put on since the start counts with `share` of its product, which is the mean of
the weights that it stands for; the mean of two adapters is none of such a rank, so `of: before` refuses from the second
episode on. The mean is taken in double precision and is a student like any other, which costs nothing more when it
answers.

Source: Wortsman, Ilharco, Kim et al. (2022), WiSE-FT, section 3, their alpha as share.
Neutral limit: share 1 is `nothing`; share 0 shows the student as it was.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream, view
>>> student = build("student", {"use": "vector.mlp", "hidden": []}).begin(POOL, stream(0, "student"))
>>> now = view(student=student, taught=np.array([0, 5]))
>>> settled = WeightAverage().settle(student, now.lessons, now, stream(0, "retain"))
>>> settled.student is student, settled.shown.probs(POOL)[0].tolist()
(True, [0.5, 0.5])
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.descent import CanDescend
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.stages import Penalty, Settled, Student, View, able
from tutelage.kit.weights import LOW_RANK, combined


@method
class WeightAverage:
    share: Annotated[float, Field(ge=0, le=1)] = 0.5  # of the weights as learned
    of: Literal["first", "before"] = "first"

    needs: ClassVar[Kinds] = frozenset({CanDescend})
    combines: ClassVar[bool] = True

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """No old lesson is added to the new ones."""
        return ()

    def penalty(self, view: View) -> Penalty | None:
        """Nothing is added to the loss."""
        return None

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned goes on, the mean is shown."""
        if self.share == 1:
            return Settled(view.student)
        old = view.first if self.of == "first" else before

        def mean(now: np.ndarray, old: np.ndarray) -> np.ndarray:
            return np.asarray((1 - self.share) * old + self.share * now)

        if _low_rank(view.student) and _low_rank(old):
            what = "the mean of two low-rank adapters is no adapter of their rank"
            raise Refused(Fault("retain.of", what, "of: first takes the mean with the student without one"))
        return Settled(view.student, combined(view.student, {"old": old}, mean, grafted=True))


def _low_rank(student: Student) -> bool:
    module = able(student, CanDescend).module
    return any(mark in name for name, _ in module.named_parameters() for mark in LOW_RANK)
