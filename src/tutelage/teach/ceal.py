"""The student labels the examples of whose label it has hardly any doubt, fewer from round to round; costs nothing.

    kept: H(p(x)) < delta - decay round,    H in nats;    lesson: y = argmax_c p_c(x), weight `weight`

The bound falls because a student that has learnt more is surer of everything. Nothing of a round is kept: the lessons
are worked out anew in the next one, with a student that may think otherwise. At most `subsample` of the examples asked
about, drawn uniformly, are looked at.

Use it in a second step with `choose: everything` and `keep: false`, like `self_training`. The paper picks what to ask
and what to label itself with one and the same student; here the answers of the round are learnt in between.

Source: Wang, Zhang, Li, Zhang and Lin (2017), Cost-effective active learning for deep image classification, arXiv
1701.03551, high-confidence samples and threshold updating; constants as Ren et al. (2021) state them.
Neutral limit: delta 0: no lesson, hence no self-training.

>>> from tutelage.toys import ANSWERS, POOL, stream, view
>>> taught = Ceal().teach(Rows(POOL, np.arange(6)), view(), ANSWERS, stream(0, "teach"))
>>> block = taught.lessons[0]
>>> block.about.examples().ids(), block.given["label"].tolist()     # c and d lie on the border
(['a', 'b', 'e', 'f'], [0, 0, 1, 1])
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Kinds, Label, Rng, Rows
from tutelage.core.method import method
from tutelage.core.stages import Answers, CanWeigh, Taught, View
from tutelage.kit.ask import probabilities
from tutelage.kit.info import entropy
from tutelage.kit.pseudo_labels import counted, lessons_about, subsampled


@method
class Ceal:
    """delta: the doubt, in nats, that a lesson must be below. decay: how much less a round. weight: a label has 1."""

    delta: Annotated[float, Field(ge=0)] = 0.05
    decay: Annotated[float, Field(ge=0)] = 0.0033
    weight: Annotated[float, Field(gt=0)] = 1.0
    subsample: Annotated[int, Field(ge=1)] = 16_384

    needs: ClassVar[Kinds] = frozenset({CanWeigh})
    gives: ClassVar[Kinds] = frozenset({Label})
    spends: ClassVar[frozenset[str]] = frozenset()

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """Label lessons about some of the rows; facts: `kept`, `coverage` and the `bound` of this round."""
        pool = subsampled(asked, self.subsample, rng)
        bound = max(self.delta - self.decay * max(view.round, 0), 0.0)
        probs = probabilities(view.student, pool)
        if probs.size == 0:
            return Taught((), {**counted(0, asked.size), "bound": bound})
        kept = np.flatnonzero(entropy(probs) < bound)
        codes = probs[kept].argmax(axis=1).astype(np.int64)
        lessons = lessons_about(pool, kept, codes, np.full(len(kept), self.weight), "ceal")
        return Taught(lessons, {**counted(len(kept), asked.size), "bound": bound})
