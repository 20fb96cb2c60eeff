"""Choose examples that a classifier tells apart from the labelled ones: until nothing is left to tell apart.

    maximise over x:  P(unlabelled | x) = sigma(w^T z(x) + b),    z = (h - mean h) / sqrt(mean |h - mean h|^2)

h = the student's embedding, mean over the pool; w, b = a logistic regression of labelled against unlabelled examples,
the two sides of equal weight in all. The n examples are taken in `sub_batches`: those of one count as labelled when
the next classifier is fitted, so that a batch does not gather in one place. At most `most` unlabelled examples, drawn
at random, teach a classifier; all are scored. Where no label is held the first sub-batch is random.
Score of an example: P(unlabelled) when last asked; NaN where it never was. Equal ones are put in random order.

Source: Gissin, Shalev-Shwartz (2019), Discriminative active learning, section 3 and its algorithm; they train a small
network on the learned representation, here it is the linear one of the same loss.
Neutral limit: where every example embeds alike this is `uniform`.

>>> from tutelage.toys import stream, view            # -3 is labelled: what lies far to the right is least like it
>>> left = view(taught=[0])
>>> chosen = Discriminative(sub_batches=1).choose(left, 2, stream(0, "choose"))
>>> left.pool.take(chosen.rows).ids()
['f', 'e']
"""

from __future__ import annotations

from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from pydantic import Field
from scipy.special import expit

from tutelage.core.data import Array, Floats, Floats32, Ints, Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, Chosen, View
from tutelage.kit.ask import embeddings
from tutelage.kit.cost import FLOAT, Cost, Size, embedding, passes, together
from tutelage.kit.lessons import held_embeddings
from tutelage.kit.ranking import at_random, in_table_order, placed, top_n
from tutelage.kit.softmax import solved

AT_ONCE = 65_536  # rows shifted and scored at a time: no second table of embeddings is held
TOLERANCE = 1e-5  # of the mean gradient


class Scale(NamedTuple):
    """z = (h - mean) / spread"""

    mean: Floats32
    spread: np.float32

    def of(self, h: Floats32) -> Floats32:
        """(n, d)"""
        return np.asarray((h - self.mean) / self.spread, dtype=np.float32)


def scale_of(x: Floats32) -> Scale:
    """Of all points (n, d), n > 0; equal points all become exactly 0."""
    mean = x.mean(axis=0, dtype=np.float64).astype(np.float32)
    square = sum(float(np.square(x[start : start + AT_ONCE] - mean, dtype=np.float64).sum())
                 for start in range(0, len(x), AT_ONCE))  # fmt: skip
    return Scale(mean, np.float32(np.sqrt(square / len(x)) or 1.0))


@method
class Discriminative:
    """Looks at no probability: it makes the labelled examples like the pool, whatever the student thinks."""

    sub_batches: Annotated[int, Field(ge=1)] = 10
    strength: Annotated[float, Field(gt=0)] = 1.0  # of the classifier; larger separates more sharply
    most: Annotated[int, Field(ge=1)] = 10_000

    needs: ClassVar[Kinds] = frozenset({CanEmbed})

    def costs(self, size: Size) -> Cost:
        """The classifier reads its sample about 150 times forth and 150 times back."""
        turns = min(self.sub_batches, size.asked)
        sample = float(min(self.most, size.pool) + size.held + size.asked) * size.width
        solving = Cost(12 * sample, turns * 300 * FLOAT * sample)
        scoring = Cost(8.0 * min(size.pool, AT_ONCE) * size.width, passes(size.pool, size.width, 3 * turns).flop)
        return together(embedding(size), solving, scoring)

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if n <= 0 or n >= len(view.pool):
            return at_random(view.pool, n, rng)
        ordered = in_table_order(view.pool)
        x = embeddings(view.student, ordered.pool)
        known = held_embeddings(view.student, view.lessons, x.shape[1])
        scale, scores = scale_of(x), np.full(len(x), np.nan)
        free, picks = np.arange(len(x), dtype=np.int64), np.zeros(0, dtype=np.int64)
        for part in np.array_split(np.arange(n), min(self.sub_batches, n)):
            if len(known) + len(picks) == 0:
                places = rng.permutation(len(free))[: len(part)]
            else:
                reach = self._apart(x, free, np.concatenate([known, x[picks]]), scale, rng)
                scores[free] = expit(reach)
                places = top_n(ordered.pool.take(free), reach, len(part), rng).rows
            picks = np.concatenate([picks, free[places]])
            free = np.delete(free, places)
        return placed(ordered, picks, scores)

    def _apart(self, x: Floats32, free: Ints, known: Floats32, scale: Scale, rng: Rng) -> Floats:
        """(len(free),) w^T z + b of the unlabelled rows; not squeezed into (0, 1), where float32 ends in ties."""
        sample = free if len(free) <= self.most else free[np.sort(rng.choice(len(free), self.most, replace=False))]
        z = np.concatenate([scale.of(known), scale.of(x[sample])])
        side: Array = np.repeat([0, 1], [len(known), len(sample)])
        weight = (len(z) / (2 * np.bincount(side)))[side]
        head = solved(z, np.eye(2, dtype=np.float32)[side], weight, self.strength, tolerance=TOLERANCE).head
        w, b = head.weights[:, 1] - head.weights[:, 0], float(head.bias[1] - head.bias[0])
        batches = (free[start : start + AT_ONCE] for start in range(0, len(free), AT_ONCE))
        return np.concatenate([scale.of(x[rows]) @ w for rows in batches]).astype(np.float64) + b
