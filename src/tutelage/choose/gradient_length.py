"""Ask about the examples whose label, whatever it is, would move the student's last layer far.

Score of an example:  sum_c p_c |grad_c| = |(h, 1)| sum_c p_c |p - e_c|,    |p - e_c|^2 = |p|^2 - 2 p_c + 1

p = the student's label probabilities, h = its embedding, grad_c = (p - e_c) (x) (h, 1) the gradient of the loss of
label c with respect to the weights and the bias of a softmax head on h: the length expected under the student's own
probabilities. Highest first; equal scores are put in random order.

Source: Settles, Craven, Ray (2008), Multiple-instance active learning, equation 4, and Settles, Craven (2008) for the
name; the closed form for a softmax head is elementary.
Neutral limit: two classes and embeddings of one length give the ranking of `margin`; a student that is certain of
everything makes it `uniform`.

>>> from tutelage.toys import stream, view            # six points, a student that knows two classes
>>> chosen = GradientLength().choose(view(), 2, stream(0, "choose"))
>>> sorted(view().pool.take(chosen.rows).ids())       # the two points on the border
['c', 'd']
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tutelage.core.data import Array, Floats, Floats32, Kinds, Pool, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, CanWeigh, Chosen, View
from tutelage.kit.ask import embeddings, weigh
from tutelage.kit.ranking import top_n


def expected_length(probs: Array, h: Floats32) -> Floats:
    """(n,) from probabilities (n, C) and embeddings (n, d); 0 without classes."""
    p = np.asarray(probs, dtype=np.float64)
    squares = np.einsum("ij,ij->i", p, p)
    lengths = np.sqrt(np.maximum(squares[:, None] - 2 * p + 1, 0.0))
    reach = np.sqrt(np.einsum("ij,ij->i", h, h, dtype=np.float64) + 1)
    return np.asarray(np.einsum("ij,ij->i", p, lengths) * reach)


@method
class GradientLength:
    """Long embeddings weigh: where their length means nothing, let the student normalise them."""

    needs: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed})

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        def score(batch: Pool, probs: Array) -> Floats:
            return expected_length(probs, embeddings(view.student, batch))

        return top_n(view.pool, weigh(view.student, view.pool, score), n, rng)
