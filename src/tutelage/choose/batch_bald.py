"""Choose a batch whose labels together would tell most about which of several possible students is right.

    I(y_1 .. y_n ; t) = H(y_1 .. y_n) - sum_i mean_t H(y_i | t),     t = one of T members, all as probable

Greedy: again and again the example x that adds most. Given a possible outcome s of the labels picked so far, of
probability w_s, the members have probabilities b_st, and x adds

    sum_s w_s ( H( sum_t b_st p_t(x) ) - sum_t b_st H(p_t(x)) ),

in nats. All outcomes are gone through while they are at most `outcomes`; afterwards so many are sampled from them,
and a gain is right but for sampling. An example can add no more than it tells alone, nor more than it added before, so
most need no second look. Only the `candidates` of highest mutual information alone are looked at: the choice is that
from the whole pool where the last pick adds no less than the best one left out tells. A batch tells log T at most.
Score of a picked example: what it added; of another: what it tells alone, as in `bald`.

Memory beside that of `bald`: candidates x classes x members x 8 bytes, and 32 MB for temporaries.

Source: Kirsch, van Amersfoort, Gal (2019), BatchBALD, algorithm 1 and section 3.3; taken apart by the chain rule, which
needs no product of many probabilities; the candidates, and members by resampling in place of dropout, are ours.
Neutral limit: n = 1 is `bald`, exactly. Before the first lesson there are no members, and nothing is scored.

>>> from tutelage.toys import stream, view            # -3 -2 | -0.2 0.2 | 2 3; labels of a b e f are held
>>> chosen = BatchBald().choose(view(taught=np.array([0, 1, 4, 5])), 1, stream(0, "choose"))
>>> bool(0 < chosen.scores.max() < np.log(2))
True
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Bools, Floats, Ints, Kinds, Pool, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanFit, CanWeigh, Chosen, View
from tutelage.kit.ask import probabilities
from tutelage.kit.cost import PICKED, Cost, Size, in_turn, weighing
from tutelage.kit.ensembles import Resample, information, members, weighed
from tutelage.kit.info import entropy
from tutelage.kit.ranking import at_random, top_n

BLOCK = 1 << 20  # floats of a temporary: 8 MB, which the second cache still half holds
LEAST = 1e-30  # below it a probability's share of an entropy is nothing, in single precision, too
LOOK = 128  # candidates looked at again in one go
EQUAL = 1e-10  # gains that differ by less are equal: rounding must not decide between duplicates


class Outcomes(NamedTuple):
    """What the labels picked so far may turn out to be: how probable, and what that makes of the members."""

    weight: Floats  # (S,) sums to 1
    belief: Array  # (S, T) rows sum to 1; float32 once they are drawn


class Picked(NamedTuple):
    """Places among the candidates, in order, and what each added."""

    places: Ints
    added: Floats


def nothing_known(members: int) -> Outcomes:
    """Before the first pick: one outcome, every member as probable as the next."""
    return Outcomes(np.ones(1), np.full((1, members), 1 / members))


def gains(known: Outcomes, probs: Floats) -> Floats:
    """(m,) what each of m candidates adds to the picks; probs (T, m, C)."""
    count, size, classes = probs.shape
    if classes == 0:
        return np.zeros(size)
    own = np.stack([entropy(p) for p in probs])  # (T, m)
    added = np.empty(size)
    step = max(1, BLOCK // max(len(known.weight) * classes, 1))
    for start in range(0, size, step):
        some = probs[:, start : start + step].astype(known.belief.dtype, copy=False)
        mixed = (known.belief @ some.reshape(count, -1)).reshape(-1, classes)
        doubt = -np.einsum("ij,ij->i", mixed, np.log(np.maximum(mixed, LEAST))).reshape(len(known.weight), -1)
        added[start : start + step] = (
            known.weight @ doubt - (known.weight @ known.belief) @ own[:, start : start + step]
        )
    return np.maximum(added, 0.0)


def extended(known: Outcomes, probs: Floats, most: int, rng: Rng) -> Outcomes:
    """The outcomes with one more label, of an example with probs (T, C); beyond `most` so many drawn systematically."""
    cells = known.weight[:, None] * (known.belief @ probs)
    possible = np.flatnonzero(cells > 0)
    if len(possible) == 0:  # there is no class
        return known
    weight = cells.ravel()[possible]
    weight /= weight.sum()
    exact = len(possible) <= most
    if not exact:
        at = np.searchsorted(np.cumsum(weight), (np.arange(most) + rng.random()) / most, side="right")
        possible, weight = possible[np.minimum(at, len(possible) - 1)], np.full(most, 1 / most)
    before, label = np.divmod(possible, probs.shape[1])
    belief = known.belief[before] * probs.T[label]
    belief /= belief.sum(axis=1, keepdims=True)
    return Outcomes(weight, belief if exact else belief.astype(np.float32))  # finer than what sampling leaves right


def greedy(probs: Floats, n: int, most: int, rng: Rng) -> Picked:
    """At most n picks among the candidates, probs (T, m, C); of equal gains a random one."""
    known = nothing_known(len(probs))
    luck = np.asarray(rng.random(probs.shape[1]))
    bounds = gains(known, probs)
    places: list[int] = []
    added: list[float] = []
    while len(places) < min(n, len(luck)):
        seen = np.ones(len(luck), dtype=bool) if not places else _again(bounds, known, probs)
        level = np.flatnonzero(seen & (bounds >= bounds[seen].max() - EQUAL))
        place = int(level[luck[level].argmin()])
        places.append(place)
        added.append(float(bounds[place]))
        bounds[place] = -np.inf
        known = extended(known, probs[:, place], most, rng)
    return Picked(np.array(places, dtype=np.int64), np.array(added))


def _again(bounds: Floats, known: Outcomes, probs: Floats) -> Bools:
    """(m,) who was looked at again: in the order of their bounds, until no bound left reaches the best found."""
    seen = np.zeros(len(bounds), dtype=bool)
    order = np.argsort(-bounds, kind="stable")[: int((bounds > -np.inf).sum())]
    found = -np.inf
    for start in range(0, len(order), LOOK):
        some = order[start : start + LOOK]
        if bounds[some[0]] < found - EQUAL:
            break
        bounds[some] = gains(known, probs[:, some])
        seen[some] = True
        found = max(found, float(bounds[some].max()))
    return seen


def _stacked(several: Sequence[Any], pool: Pool) -> Floats:
    """(T, m, C) float64, one member's answer at a time."""
    first = probabilities(several[0], pool)
    probs = np.empty((len(several), *first.shape))
    for number, one in enumerate(several):
        probs[number] = first if number == 0 else probabilities(one, pool)
    return probs


@method
class BatchBald:
    """More members tell larger batches apart; more outcomes make the gains of late picks more exact."""

    members: Annotated[int, Field(ge=1)] = 20
    members_by: Resample = "bootstrap"
    outcomes: Annotated[int, Field(ge=1)] = 1000
    candidates: Annotated[int, Field(ge=1)] = 2000  # never fewer than are asked for

    needs: ClassVar[Kinds] = frozenset({CanWeigh, CanFit})

    def costs(self, size: Size) -> Cost:
        """A tenth of the candidates is looked at again for a pick, which is more than most picks need."""
        near = float(min(max(self.candidates, size.asked), size.pool)) * size.classes
        again = Cost(8.0 * BLOCK * 4 + 8.0 * self.members * near, size.asked * near * self.outcomes * PICKED / 3 / 10)
        return in_turn(weighing(size, self.members), again)

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        several = members(view.student, view.lessons, self.members, rng, self.members_by)
        if not several or n <= 0:
            return at_random(view.pool, n, rng)
        alone = top_n(view.pool, weighed(several, view.pool, information), max(self.candidates, n), rng)
        near = view.pool.take(alone.rows)
        probs = _stacked(several, near)
        picked = greedy(probs, n, self.outcomes, rng)
        rows = alone.rows[picked.places]
        scores = alone.scores.copy()
        scores[rows] = picked.added
        return Chosen(rows, scores)
