"""The student labels the unlabelled examples that it is sure of, where its neighbours agree; costs nothing.

With p the student's probabilities, y = argmax p its label and e its unit-length embeddings, over at most `subsample`
of the examples asked about, drawn uniformly:

    hast:       keep x  if  max p(x) > threshold  and  argmax_c h_c(x) = y(x)  and  max_c h_c(x) > agreement
                h_c(x) = share of labels c among the hard labels y of the k - 1 nearest other examples of the subsample
    threshold:  keep x  if  max p(x) > threshold                        (the same, without the neighbours' vote)

    weight of x = beta omega_y,    omega_c = 10 / (1 + exp(-d_c)),    d_c = (nbar - n_c) / n_c
    n_c = how many kept have label c,    nbar = floor(kept / classes of the student);    without `balance` omega_c = 1

A class as frequent as the mean gets omega = 5, one that is everywhere tends to 10 / (1 + e) = 2.69, a rare one to 10.
Labelled lessons keep weight 1. The paper then divides all weights by their sum, which suits a mean loss. Here a head
adds its penalty to a weighted sum, so that division would multiply the penalty by the sum; without it the fit with
and the fit without self-training differ by the kept examples alone. The embeddings are the student's: those of a
frozen encoder never change with the lessons, whereas the paper tunes its encoder.

Use it in a second step with `choose: everything` and `keep: false`: the learner then fits the lessons so far and these.

Source: Schröder and Heyer (2024), "Self-training for sample-efficient active learning for text classification with
pre-trained language models", EMNLP, arXiv 2406.09206, the method HAST. threshold: Yarowsky (1995), one pass.
Neutral limit: threshold 1, no example, or none kept: no lesson, hence no self-training.

>>> from tutelage.toys import ANSWERS, POOL, stream, till, view
>>> rows = Rows(POOL, np.arange(6))
>>> taught = SelfTraining(k=3).teach(rows, view(), ANSWERS, stream(0, "teach"))      # two neighbours vote
>>> block = taught.lessons[0]
>>> block.about.examples().ids(), block.given["label"]
(['a', 'b', 'c', 'd', 'e', 'f'], array([0, 0, 0, 1, 1, 1]))
>>> block.weight, block.cost.sum()      # beta 0.1 times omega 5, since the classes are balanced; free
(array([0.5, 0.5, 0.5, 0.5, 0.5, 0.5]), np.float64(0.0))
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Bools, Floats, Floats32, Ints, Kinds, Label, Rng, Rows, labelled
from tutelage.core.method import method
from tutelage.core.stages import Answers, CanEmbed, CanWeigh, Taught, View
from tutelage.kit.ask import embeddings, probabilities
from tutelage.kit.neighbours import nearest

Share = Annotated[float, Field(ge=0, le=1)]
USUAL = {"hast": 0.5, "threshold": 0.9}


@method
class SelfTraining:
    """threshold: None for the strategy's usual one, hast 0.5, threshold 0.9. k counts the example itself."""

    strategy: Literal["hast", "threshold"] = "hast"
    threshold: Share | None = None
    agreement: Share = 0.5
    k: Annotated[int, Field(ge=2)] = 15
    beta: Annotated[float, Field(gt=0)] = 0.1
    balance: bool = True
    subsample: Annotated[int, Field(ge=1)] = 16_384

    gives: ClassVar[Kinds] = frozenset({Label})
    spends: ClassVar[frozenset[str]] = frozenset()

    @property
    def needs(self) -> Kinds:
        """Embeddings only where neighbours vote: `threshold` works with every student that has probabilities."""
        return frozenset({CanWeigh, CanEmbed}) if self.strategy == "hast" else frozenset({CanWeigh})

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """Label lessons about some of the rows; facts: how many were kept, and their share of those asked about."""
        rows = asked.rows
        if len(rows) > self.subsample:
            rows = rows[np.sort(rng.choice(len(rows), self.subsample, replace=False))]
        pool = asked.pool.take(rows)
        probs = probabilities(view.student, pool)
        if probs.size == 0:
            return Taught((), {"kept": 0.0, "coverage": 0.0})
        codes = probs.argmax(axis=1).astype(np.int64)
        least = USUAL[self.strategy] if self.threshold is None else self.threshold
        sure = probs.max(axis=1).astype(np.float64) > least
        if self.strategy == "hast" and sure.any():
            sure[sure] = confirmed(embeddings(view.student, pool), codes, np.flatnonzero(sure), self.k, self.agreement)
        kept = np.flatnonzero(sure)
        facts = {"kept": float(len(kept)), "coverage": len(kept) / asked.size}
        if len(kept) == 0:
            return Taught((), facts)
        weights = np.full(len(kept), self.beta)
        if self.balance:
            weights = weights * omega(codes[kept], probs.shape[1])
        block = labelled(Rows(asked.pool, rows[kept]), codes[kept], "self_training")
        return Taught((block._replace(weight=weights),), facts)


def confirmed(vectors: Floats32, codes: Ints, candidates: Ints, k: int, agreement: float) -> Bools:
    """(m,) whether the k - 1 nearest others of each candidate vote for its own code, with a share over `agreement`."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(length > 0, length, 1)
    voters = min(k, len(unit)) - 1
    if voters == 0:
        return np.zeros(len(candidates), dtype=bool)
    near = _others(nearest(unit[candidates], voters + 1, among=unit).rows, candidates)
    votes = np.zeros((len(candidates), int(codes.max()) + 1), dtype=np.int64)
    np.add.at(votes, (np.arange(len(candidates))[:, None], codes[near]), 1)
    return np.asarray((votes.argmax(axis=1) == codes[candidates]) & (votes.max(axis=1) > agreement * voters))


def _others(near: Ints, own: Ints) -> Ints:
    """The lists less one entry each: the example itself, by its place, or the last where duplicates crowd it out."""
    drop = near == own[:, None]
    drop[:, -1] |= ~drop.any(axis=1)
    return np.asarray(near[~drop].reshape(len(near), -1))


def omega(codes: Ints, classes: int) -> Floats:
    """(m,) the balance weight of each kept example's class."""
    counts: Array = np.bincount(codes, minlength=classes)
    own = counts[codes]
    return np.asarray(10 / (1 + np.exp(-(len(codes) // classes - own) / own)))
