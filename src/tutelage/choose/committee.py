"""Ask where several students, taught on different draws of the same lessons, disagree.

Score of an example, p_t = the label probabilities of member t of T, v_c = the share of members whose best guess is c:

    vote_entropy:       H(v)                                    (equal best guesses of a member split its vote)
    consensus_entropy:  H(mean_t p_t)
    kl:                 (1/T) sum_t KL(p_t || mean_s p_s)

in nats. The members are refits of the student on resamples of the lessons (`members_by`: with replacement, or with
exponential weights). Highest first; equal scores are put in random order.

Source: Seung, Opper, Sompolinsky (1992), query by committee; vote entropy: Dagan, Engelson (1995); kl: McCallum, Nigam
(1998), section 3; members by resampling: Abe, Mamitsuka (1998), query by bagging. With members of equal weight `kl`
is the same number as `bald`, which names it as information.
Neutral limit: members that agree make `vote_entropy` and `kl` the same as `uniform` (the former where each also has
one best guess) and `consensus_entropy` that of `entropy`. Before the first lesson nothing is scored.

>>> from tutelage.toys import stream, view            # -3 -2 | -0.2 0.2 | 2 3; labels of a b e f are held
>>> import numpy as np
>>> chosen = Committee(by="consensus_entropy").choose(view(taught=np.array([0, 1, 4, 5])), 2, stream(0, "choose"))
>>> bool((chosen.scores > 0.5).all())                 # both lie near the border
True
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tutelage.core.data import Floats, Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanFit, CanWeigh, Chosen, View
from tutelage.kit.cost import Cost, Size, weighing
from tutelage.kit.ensembles import Opinions, Resample, information, members, weighed
from tutelage.kit.info import entropy
from tutelage.kit.ranking import at_random, top_n


@method
class Committee:
    """Votes are few, so `vote_entropy` ranks in steps; the other two look at the probabilities behind them."""

    by: Literal["vote_entropy", "consensus_entropy", "kl"] = "vote_entropy"
    members: Annotated[int, Field(ge=1)] = 10
    members_by: Resample = "bootstrap"

    needs: ClassVar[Kinds] = frozenset({CanWeigh, CanFit})

    def costs(self, size: Size) -> Cost:
        return weighing(size, self.members)

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        several = members(view.student, view.lessons, self.members, rng, self.members_by)
        if not several:
            return at_random(view.pool, n, rng)
        return top_n(view.pool, weighed(several, view.pool, self._score), n, rng)

    def _score(self, said: Opinions) -> Floats:
        """(n,)"""
        if self.by == "kl":
            return information(said)
        return entropy(said.votes if self.by == "vote_entropy" else said.mean)
