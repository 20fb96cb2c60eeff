"""The student labels examples on which it says what it says of the labelled examples around them; costs nothing.

With p the student's probabilities and N(x) the k labelled examples nearest to x by unit-length embeddings:

    d(x) = mean_{i in N} KL(p_x || p_i)  +  beta mean_{i < j in N} KL(p_i || p_j)
    mu(x) = (1 - momentum) mu of the last round  +  momentum d(x);    d(x) itself where x is seen for the first time
    draw `ratio` times as many examples as there are labelled ones, in proportion to max mu - mu(x)
    keep those of them with max p > threshold, under y = argmax p, at weight (1 - labelled) / labelled

So a label and a pseudo-label weigh `labelled` to 1 - `labelled`. Only the p of labelled neighbours is used, not their
labels: a label of 0 and 1 would make the divergence infinite. mu is kept as memory. At most `subsample` of the
examples asked about, drawn uniformly, are looked at.

Use it in a second step with `choose: everything` and `keep: false`, like `self_training`.

Source: Xu, Yu, Cui, Kan, Zhu, Ho, Zhang and Yang (2023), Neighborhood-regularized self-training for learning with few
labels, AAAI, arXiv 2301.03726; constants as Schröder and Heyer (2024) list them, arXiv 2406.09206.
Neutral limit: where every divergence is the same the draw is uniform: plain self-training on a random part.

>>> from tutelage.toys import ANSWERS, POOL, stream, view
>>> seen = view(taught=np.array([0, 5]))
>>> taught = Nest(k=1).teach(Rows(seen.pool, np.arange(4)), seen, ANSWERS, stream(0, "teach"))
>>> block = taught.lessons[0]
>>> block.about.examples().ids(), block.given["label"].tolist()
(['b', 'e'], [0, 1])
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Floats, Floats32, Kinds, Label, Pool, Rng, Rows
from tutelage.core.method import method
from tutelage.core.stages import Answers, CanEmbed, CanWeigh, Taught, View
from tutelage.kit.ask import embeddings, probabilities
from tutelage.kit.info import kl
from tutelage.kit.lessons import held
from tutelage.kit.neighbours import nearest
from tutelage.kit.pseudo_labels import counted, drawn, earlier, lessons_about, remembered, subsampled

Part = Annotated[float, Field(ge=0, le=1)]


@method
class Nest:
    """k: labelled neighbours, fewer where fewer are labelled. labelled: the weight of a label beside a pseudo-label."""

    k: Annotated[int, Field(ge=1)] = 7
    beta: Annotated[float, Field(ge=0)] = 0.1
    momentum: Part = 0.5
    ratio: Annotated[float, Field(gt=0)] = 10.0
    threshold: Part = 0.9
    labelled: Annotated[float, Field(gt=0, lt=1)] = 0.5
    subsample: Annotated[int, Field(ge=1)] = 16_384

    needs: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed})
    gives: ClassVar[Kinds] = frozenset({Label})
    spends: ClassVar[frozenset[str]] = frozenset()

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """Label lessons about some of the rows; facts: `kept`, `coverage`, and the mean `divergence`."""
        pool, known = subsampled(asked, self.subsample, rng), held(view.lessons)
        probs = probabilities(view.student, pool)
        if probs.size == 0 or not known:
            return Taught((), counted(0, asked.size))
        away = self._divergence(view, pool, probs, known)
        mu = (1 - self.momentum) * earlier(view.memory, pool, away) + self.momentum * away
        mass = mu.max() - mu
        wanted = int(np.ceil(self.ratio * sum(len(one) for one in known)))
        picks = drawn(mass if mass.any() else np.ones(len(mass)), wanted, rng)
        kept = picks[probs[picks].max(axis=1) > self.threshold]
        weights = np.full(len(kept), (1 - self.labelled) / self.labelled)
        codes = probs[kept].argmax(axis=1).astype(np.int64)
        facts = {**counted(len(kept), asked.size), "divergence": float(away.mean())}
        return Taught(lessons_about(pool, kept, codes, weights, "nest"), facts, remembered(pool, mu))

    def _divergence(self, view: View, pool: Pool, probs: Array, known: tuple[Pool, ...]) -> Floats:
        """(n,) d(x)."""
        around = np.concatenate([_unit(embeddings(view.student, one)) for one in known])
        theirs = np.concatenate([probabilities(view.student, one) for one in known])
        near = nearest(_unit(embeddings(view.student, pool)), self.k, among=around).rows
        count = near.shape[1]
        own = np.mean([kl(probs, theirs[near[:, i]]) for i in range(count)], axis=0)
        pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
        if not pairs:
            return np.asarray(own)
        between = np.mean([kl(theirs[near[:, i]], theirs[near[:, j]]) for i, j in pairs], axis=0)
        return np.asarray(own + self.beta * between)


def _unit(vectors: Floats32) -> Floats32:
    """The same directions at length 1; a zero vector stays."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1), dtype=np.float32)
