"""A linear head as arrays: probabilities from vectors, room for new labels, from and to a module's last layer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Floats32


class Top(NamedTuple):
    """p(c | z) = softmax(V z + v)"""

    weight: Floats32  # (C, d)
    bias: Floats32  # (C,), -inf for a label without a lesson

    def probs(self, vectors: Floats32) -> Floats32:
        """(n, C)

        >>> zeros(2, 3).grown(3).probs(np.ones((1, 3), dtype=np.float32)).tolist()
        [[0.5, 0.5, 0.0]]
        """
        scores = vectors @ self.weight.T + self.bias
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        return np.asarray(scores / scores.sum(axis=1, keepdims=True), dtype=np.float32)

    def grown(self, classes: int) -> Top:
        """With rows of probability 0 for labels that came since."""
        more = classes - len(self.bias)
        weight = np.pad(self.weight, ((0, more), (0, 0)))
        return Top(weight, np.pad(self.bias, (0, more), constant_values=-np.inf))

    def finite(self) -> Top:
        """As it goes on learning: a class of probability 0 starts as every class does, weights and bias 0."""
        return self._replace(bias=np.where(np.isfinite(self.bias), self.bias, np.float32(0)))


def zeros(classes: int, width: int) -> Top:
    """Every class alike."""
    return Top(np.zeros((classes, width), dtype=np.float32), np.zeros(classes, dtype=np.float32))


def of(layer: Any) -> Top:
    """What a linear layer of torch holds now, copied, wherever it is."""
    return Top(*(part.detach().cpu().float().numpy().copy() for part in (layer.weight, layer.bias)))
