"""The lessons that the student finds easiest come first, the hard ones last; in one sweep or in growing stages.

    ease(x, y) = p_student(y | x)   for a label y;    sum_c q_c p_student(c | x)   for a distribution q
    stage s of S:  the ceil(s n / S) easiest of all n lessons, easiest first, s = 1 .. S

Equally easy lessons keep their given order. `Stage.order` numbers the lessons through all blocks; a lesson whose
number is not in it waits for a later stage, and the last stage holds every lesson exactly once. A learner that solves
the whole plan at once meets an easy lesson as often as there are stages that hold it. Nothing is rewritten.
A class that the student does not know has ease 0.

Source: Bengio et al. (2009), "Curriculum learning"; growing stages: "baby steps", Spitkovsky et al. (2010).
Neutral limit: one stage and equal ease of all lessons (an untaught student) is `as_given` with `fixed`.

>>> from tutelage.toys import stream, view
>>> now = view(taught=np.array([2, 0, 3]))       # c and d lie next to the border, a far from it
>>> [stage.order for stage in EasyFirst(stages=2).plan(now.lessons, now, stream(0, "order"))]
[array([1, 0]), array([1, 0, 2])]
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Block, Floats, Kinds, Label, Lessons, Rng, Soft
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.stages import CanWeigh, Stage, Syllabus, View
from tutelage.kit.ask import probabilities


@method
class EasyFirst:
    """stages: in how many growing stages the lessons come; 1 is a single sweep from easy to hard."""

    stages: Annotated[int, Field(ge=1)] = 1

    needs: ClassVar[Kinds] = frozenset({CanWeigh})

    def rows(self, n: float) -> float:
        """A lesson stands in every stage that it is easy enough for."""
        return float(sum(-(-step * int(n) // self.stages) for step in range(1, self.stages + 1)))

    def plan(self, lessons: Lessons, view: View, rng: Rng) -> Syllabus:
        """`stages` stages, also when there is no lesson. ContractBroken unless all are labels or distributions."""
        ease = np.concatenate([np.zeros(0), *(_ease(block, view) for block in lessons)])
        order = np.argsort(-ease, kind="stable").astype(np.int64)
        ends = [-(-step * len(order) // self.stages) for step in range(1, self.stages + 1)]
        return tuple(Stage(lessons, order[:end]) for end in ends)


def _ease(block: Block, view: View) -> Floats:
    """(b,) the probability that the student gives each lesson's answer."""
    if block.kind not in (Label, Soft):
        raise ContractBroken(f"easy_first orders labels and distributions; {block.kind.__name__} has no probability")
    probs = probabilities(view.student, block.about.examples()).astype(np.float64)
    if block.kind is Soft:
        both = min(probs.shape[1], block.given["probs"].shape[1])
        return np.asarray((probs[:, :both] * block.given["probs"][:, :both]).sum(axis=1))
    codes = block.given["label"]
    known = np.flatnonzero(codes < probs.shape[1])
    ease = np.zeros(block.size)
    ease[known] = probs[known, codes[known]]
    return ease
