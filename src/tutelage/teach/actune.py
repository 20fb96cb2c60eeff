"""The student labels its surest examples in the regions of the pool where it is sure and of one mind; costs nothing.

    p <- m p + (1 - m) p of the last round,    m = low + (high - low) min(round / ramp, 1)
    candidates: max p > threshold;  their doubt u = H(p) / log C, with the student's probabilities of this round
    regions: weighted k-means of the candidates' unit-length embeddings into `regions`, weights u
    doubt of a region = mean u  +  beta H(shares of the labels argmax p in it)
    kept: in each of the `sure_regions` of least doubt the `each` candidates of least u
    weight of x = balance * (sum of the weights of the lessons held) / (number kept)

So labels and pseudo-labels weigh alike together at balance 1 (the paper's 1/n for each of the two groups, times what
the labels weigh here). With fewer candidates than regions all of them are kept. A region that has fewer gives all it
has. `ramp` is the paper's number of rounds, which a teacher is not told. The last round's p is kept as memory.

Use it in a second step with `choose: everything` and `keep: false`, like `self_training`. The embeddings are the
student's: the paper tunes its encoder, a frozen one never changes.

Source: Yu, Kong, Zhang, Zhang and Zhang (2022), AcTune: uncertainty-based active self-training for active fine-tuning
of pretrained language models, NAACL; constants as Schröder and Heyer (2024) reproduce it, arXiv 2406.09206.
Neutral limit: one region holds every candidate and is the surest: its `each` least doubtful are kept.

>>> from tutelage.toys import ANSWERS, POOL, stream, view
>>> taught = Actune(regions=2, each=2).teach(Rows(POOL, np.arange(6)), view(), ANSWERS, stream(0, "teach"))
>>> block = taught.lessons[0]
>>> sorted(zip(block.about.examples().ids(), block.given["label"].tolist()))     # c and d lie on the border
[('a', 0), ('b', 0), ('e', 1), ('f', 1)]
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Floats, Floats32, Ints, Kinds, Label, Rng, Rows
from tutelage.core.method import method
from tutelage.core.stages import Answers, CanEmbed, CanWeigh, Taught, View
from tutelage.kit.ask import embeddings, probabilities
from tutelage.kit.cluster import k_means
from tutelage.kit.info import entropy
from tutelage.kit.pseudo_labels import counted, doubt, earlier, held_weight, lessons_about, remembered, subsampled

Part = Annotated[float, Field(ge=0, le=1)]


@method
class Actune:
    """low, high: how much this round's probabilities count in the first round and from `ramp` rounds on."""

    regions: Annotated[int, Field(ge=1)] = 10
    sure_regions: Annotated[int, Field(ge=1)] = 5
    each: Annotated[int, Field(ge=1)] = 5
    threshold: Part = 0.6
    beta: Annotated[float, Field(ge=0)] = 0.5
    balance: Annotated[float, Field(gt=0)] = 1.0
    low: Part = 0.8
    high: Part = 0.9
    ramp: Annotated[int, Field(ge=1)] = 10
    subsample: Annotated[int, Field(ge=1)] = 16_384

    needs: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed})
    gives: ClassVar[Kinds] = frozenset({Label})
    spends: ClassVar[frozenset[str]] = frozenset()

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """Label lessons about some of the rows; facts: `kept`, `coverage` and how many `candidates`."""
        pool = subsampled(asked, self.subsample, rng)
        now = probabilities(view.student, pool)
        if now.size == 0:
            return Taught((), {**counted(0, asked.size), "candidates": 0.0})
        share = self.low + (self.high - self.low) * min(view.round / self.ramp, 1.0)
        probs = share * now + (1 - share) * earlier(view.memory, pool, now)
        codes = probs.argmax(axis=1).astype(np.int64)
        sure = np.flatnonzero(probs.max(axis=1) > self.threshold)
        kept = sure
        if len(sure) >= self.regions:
            vectors = embeddings(view.student, pool.take(sure))
            kept = np.sort(sure[self._kept(vectors, codes[sure], doubt(now[sure]), rng)])
        weight = self.balance * max(held_weight(view.lessons), 1.0) / max(len(kept), 1)
        facts = {**counted(len(kept), asked.size), "candidates": float(len(sure))}
        lessons = lessons_about(pool, kept, codes[kept], np.full(len(kept), weight), "actune")
        return Taught(lessons, facts, remembered(pool, probs.astype(np.float32)))

    def _kept(self, vectors: Floats32, codes: Ints, doubts: Floats, rng: Rng) -> Ints:
        """Positions among the candidates."""
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        regions = k_means(vectors / np.where(length > 0, length, 1), self.regions, rng, doubts)
        size = np.bincount(regions.which, minlength=regions.many)
        shares = np.zeros((regions.many, int(codes.max()) + 1))
        np.add.at(shares, (regions.which, codes), 1)
        mean = np.bincount(regions.which, weights=doubts, minlength=regions.many) / size
        order = np.argsort(mean + self.beta * entropy(shares / size[:, None]), kind="stable")[: self.sure_regions]
        surest = np.argsort(doubts, kind="stable")
        return np.concatenate([surest[regions.which[surest] == region][: self.each] for region in order])
