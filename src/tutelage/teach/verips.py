"""The student labels what it is sure of, and keeps what a second fit, which has learnt those labels, says too; free.

    candidates: 1 - H(p) / log C >= 1 - slack    (by: entropy)    or    p_(1) - p_(2) >= 1 - slack    (by: margin)
    a second student is fitted to the lessons held and the candidates under their labels y = argmax p
    kept: the candidates whose y is the second student's likeliest class, too; weight `weight`

One of the two has seen only what was paid for, the other the pseudo-labels as well; a pseudo-label on which they
disagree is one that the others around it speak against. The step after it then fits what was kept. At most `subsample`
of the examples asked about, drawn uniformly, are looked at.

Use it in a second step with `choose: everything` and `keep: false`, like `self_training`.

Source: Gilhuber, Jahn, Ma and Seidl (2022), VERIPS: verified pseudo-label selection for deep active learning, ICDM; one
pass as Schröder and Heyer (2024) reproduce it, arXiv 2406.09206.
Neutral limit: slack 0 keeps only examples of probability 1; without a lesson held there is none.

>>> from tutelage.toys import ANSWERS, POOL, stream, view
>>> seen = view(taught=np.array([0, 5]))
>>> taught = Verips(slack=0.5).teach(Rows(seen.pool, np.arange(4)), seen, ANSWERS, stream(0, "teach"))
>>> block = taught.lessons[0]
>>> block.about.examples().ids(), block.given["label"].tolist(), taught.facts["candidates"]
(['b', 'e'], [0, 1], 2.0)
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Floats, Kinds, Label, Rng, Rows
from tutelage.core.method import method
from tutelage.core.stages import Answers, CanFit, CanWeigh, Taught, View, able
from tutelage.kit.ask import probabilities
from tutelage.kit.info import margin
from tutelage.kit.pseudo_labels import counted, doubt, held_weight, lessons_about, subsampled


@method
class Verips:
    """slack: how far from certain a candidate may be, 0 to 1. weight: of a kept lesson; a label has 1."""

    by: Literal["entropy", "margin"] = "entropy"
    slack: Annotated[float, Field(ge=0, le=1)] = 0.1
    weight: Annotated[float, Field(gt=0)] = 1.0
    subsample: Annotated[int, Field(ge=1)] = 16_384

    needs: ClassVar[Kinds] = frozenset({CanWeigh, CanFit})
    gives: ClassVar[Kinds] = frozenset({Label})
    spends: ClassVar[frozenset[str]] = frozenset()

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """Label lessons about some of the rows; facts: `kept`, `coverage` and how many `candidates`."""
        pool = subsampled(asked, self.subsample, rng)
        probs = probabilities(view.student, pool)
        none = {**counted(0, asked.size), "candidates": 0.0}
        if probs.size == 0 or held_weight(view.lessons) == 0:
            return Taught((), none)
        codes = probs.argmax(axis=1).astype(np.int64)
        sure = np.flatnonzero(self._certainty(probs) >= 1 - self.slack)
        if len(sure) == 0:
            return Taught((), none)
        candidates = lessons_about(pool, sure, codes[sure], np.full(len(sure), self.weight), "verips")
        second = able(view.student, CanFit).fit((*view.lessons, *candidates), rng)
        kept = sure[probabilities(second, pool.take(sure)).argmax(axis=1) == codes[sure]]
        facts = {**counted(len(kept), asked.size), "candidates": float(len(sure))}
        return Taught(lessons_about(pool, kept, codes[kept], np.full(len(kept), self.weight), "verips"), facts)

    def _certainty(self, probs: Array) -> Floats:
        """(n,) 0 to 1; 1 is certain."""
        return margin(probs) if self.by == "margin" else 1 - doubt(probs)
