"""Ask about the examples whose label would tell most about which of several possible students is right.

Score of an example:  H(mean_t p_t) - mean_t H(p_t),  p_t = the label probabilities of member t; in nats.
That is the mutual information of its label and the member: 0 where all agree, however unsure they are, log of the
number of classes at most. The members are refits of the student on resamples of the lessons (`members_by`:
with replacement, or with exponential weights). Highest first; equal scores are put in random order.

Source: Houlsby, Huszar, Ghahramani, Lengyel (2011), Bayesian active learning by disagreement, equation 2; members by
the bootstrap in place of a posterior, as in Lakshminarayanan, Pritzel, Blundell (2017) for ensembles.
Neutral limit: with one member, or members that agree, this is `uniform`. Before the first lesson there are no
members, and nothing is scored.

>>> from tutelage.toys import stream, view            # -3 -2 | -0.2 0.2 | 2 3; labels of a b e f are held
>>> import numpy as np
>>> chosen = Bald().choose(view(taught=np.array([0, 1, 4, 5])), 2, stream(0, "choose"))
>>> bool((chosen.scores > 0).all())                   # where the border lies depends on who was drawn
True
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanFit, CanWeigh, Chosen, View
from tutelage.kit.cost import Cost, Size, weighing
from tutelage.kit.ensembles import Resample, information, members, weighed
from tutelage.kit.ranking import at_random, top_n


@method
class Bald:
    """Doubt that more lessons cannot remove, where every member is equally unsure, counts nothing."""

    members: Annotated[int, Field(ge=1)] = 20
    members_by: Resample = "bootstrap"

    needs: ClassVar[Kinds] = frozenset({CanWeigh, CanFit})

    def costs(self, size: Size) -> Cost:
        return weighing(size, self.members)

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        several = members(view.student, view.lessons, self.members, rng, self.members_by)
        if not several:
            return at_random(view.pool, n, rng)
        return top_n(view.pool, weighed(several, view.pool, information), n, rng)
