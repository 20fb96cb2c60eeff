"""The student labels examples that several versions of itself agree about, as many of each class; costs nothing.

With p_t the probabilities of `members` versions of the student, pbar their mean, y = argmax pbar:

    draw `per_class` examples of each y, in proportion to   max(0, 1 - BALD)  (easy)   or   BALD  (hard)
    BALD = H(pbar) - mean_t H(p_t)    in nats
    weight of x = max( alpha log(1 / (v + 1e-8)), alpha / 0.25 ),    v = variance over t of p_t(y | x)

The paper's versions are passes with dropout. A student with a head over fixed features has none, so here they are fits
of resampled lessons (kit.ensembles), another sample of what the lessons leave open. Labelled lessons keep weight 1. At
most `subsample` of the examples asked about, drawn uniformly, are looked at.

Use it in a second step with `choose: everything` and `keep: false`, like `self_training`.

Source: Mukherjee and Awadallah (2020), Uncertainty-aware self-training for few-shot text classification, NeurIPS:
sampling by BALD per class, confident learning by the inverse variance; alpha and the floor as Schröder and Heyer (2024)
reproduce them, arXiv 2406.09206.
Neutral limit: without a lesson held no version knows anything, and there is no lesson. Versions that all agree leave a
uniform draw in each class, at one weight.

>>> from tutelage.toys import ANSWERS, POOL, stream, view
>>> seen = view(taught=np.array([0, 1, 4, 5]))
>>> taught = Ust(members=4).teach(Rows(seen.pool, np.arange(2)), seen, ANSWERS, stream(0, "teach"))
>>> block = taught.lessons[0]
>>> block.about.examples().ids(), block.given["label"].tolist(), taught.facts["kept"]
(['c', 'd'], [0, 1], 2.0)
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Floats, Ints, Kinds, Label, Rng, Rows
from tutelage.core.method import method
from tutelage.core.stages import Answers, CanFit, CanWeigh, Taught, View
from tutelage.kit.ask import probabilities
from tutelage.kit.ensembles import members
from tutelage.kit.pseudo_labels import bald, counted, drawn, held_weight, lessons_about, subsampled

MOST_VARIANCE = 0.25  # of a number between 0 and 1
LEAST_VARIANCE = 1e-8


@method
class Ust:
    """members: how many versions. per_class: at most so many examples are drawn for each predicted class."""

    members: Annotated[int, Field(ge=2)] = 10
    per_class: Annotated[int, Field(ge=1)] = 30
    draw: Literal["easy", "hard"] = "easy"
    alpha: Annotated[float, Field(gt=0)] = 0.1
    subsample: Annotated[int, Field(ge=1)] = 16_384

    needs: ClassVar[Kinds] = frozenset({CanWeigh, CanFit})
    gives: ClassVar[Kinds] = frozenset({Label})
    spends: ClassVar[frozenset[str]] = frozenset()

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """Label lessons about some of the rows; facts: `kept`, `coverage` and the mean `bald` of those looked at."""
        pool = subsampled(asked, self.subsample, rng)
        if len(pool) == 0 or held_weight(view.lessons) == 0:
            return Taught((), counted(0, asked.size))
        versions = members(view.student, view.lessons, self.members, rng)
        said = np.stack([probabilities(one, pool) for one in versions])
        if said.shape[2] == 0:
            return Taught((), counted(0, asked.size))
        codes = said.mean(axis=0, dtype=np.float64).argmax(axis=1).astype(np.int64)
        apart = bald(said)
        kept = self._drawn(codes, apart, said.shape[2], rng)
        weights = self._weights(said[:, kept], codes[kept])
        facts = {**counted(len(kept), asked.size), "bald": float(apart.mean())}
        return Taught(lessons_about(pool, kept, codes[kept], weights, "ust"), facts)

    def _drawn(self, codes: Ints, apart: Floats, classes: int, rng: Rng) -> Ints:
        mass = np.maximum(1 - apart, 0.0) if self.draw == "easy" else apart
        picks = [drawn(np.where(codes == code, mass, 0.0), self.per_class, rng) for code in range(classes)]
        return np.sort(np.concatenate(picks))

    def _weights(self, said: Array, codes: Ints) -> Floats:
        """(m,) high where the versions give the class the same probability."""
        chosen = said[:, np.arange(len(codes)), codes].astype(np.float64)
        sure = self.alpha * np.log(1 / (chosen.var(axis=0) + LEAST_VARIANCE))
        return np.asarray(np.maximum(sure, self.alpha / MOST_VARIANCE))
