"""A feed-forward network with rectified units: forward, gradient, Adam. Plain arrays, float32, luck from `rng`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Floats, Floats32, Rng

FIRST, SECOND, SMALL = 0.9, 0.999, 1e-8  # Adam's usual constants (Kingma and Ba 2015)


class Layer(NamedTuple):
    """x -> x weights + bias"""

    weights: Floats32  # (d_in, d_out)
    bias: Floats32  # (d_out,)


class Plan(NamedTuple):
    """How long and how fast. batch 0: all lessons at once. l2: penalty l2 / 2 |weights|^2, biases free."""

    epochs: int
    batch: int
    lr: float
    l2: float

    def flop(self, widths: Sequence[float], rows: float) -> float:
        """6 P rows epochs: 2 P a row forward and 4 P back, P the number of weights; biases and Adam are left out."""
        return 6.0 * sum(a * b for a, b in zip(widths, widths[1:], strict=False)) * rows * self.epochs


def begun(widths: Sequence[int], rng: Rng) -> tuple[Layer, ...]:
    """Layers between these widths; weights normal with variance 2 / d_in (He et al. 2015), biases 0."""
    return tuple(
        Layer((rng.standard_normal((a, b)) * np.sqrt(2 / max(a, 1))).astype(np.float32), np.zeros(b, np.float32))
        for a, b in zip(widths, widths[1:], strict=False)
    )


def hidden(layers: Sequence[Layer], x: Floats32) -> Floats32:
    """The last hidden layer's outputs; x itself where there is none."""
    for layer in layers:
        x = np.maximum(x @ layer.weights + layer.bias, 0)
    return x


def probs(layers: Sequence[Layer], top: Layer, x: Floats32) -> Floats32:
    """(n, C) softmax of the top layer's outputs."""
    return softmax(hidden(layers, x) @ top.weights + top.bias)


def softmax(scores: Floats32) -> Floats32:
    """(n, C) rows that sum to 1; the scores are used up."""
    if not scores.shape[1]:
        return scores
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    return np.asarray(scores / scores.sum(axis=1, keepdims=True), dtype=np.float32)


def trained(layers: Sequence[Layer], top: Layer, x: Floats32, y: Floats32, weight: Floats,
            plan: Plan, rng: Rng) -> tuple[tuple[Layer, ...], Layer]:  # fmt: skip
    """Minimise  sum_i w_i CE_i / sum_i w_i + l2 / 2 |weights|^2  by Adam; the rate falls linearly to 0.

    Each epoch goes through the rows once in a random order. A batch's loss is scaled by n / (rows in it), so that
    its gradient's mean over an epoch is the whole one and a weight of 2 pulls twice as hard.
    """
    n = len(x)
    size = min(plan.batch or n, n)
    share = (weight / weight.sum()).astype(np.float32)
    now = [array.copy() for layer in (*layers, top) for array in layer]
    mean, square = [np.zeros_like(array) for array in now], [np.zeros_like(array) for array in now]
    updates = plan.epochs * -(-n // size)
    done = 0
    for _ in range(plan.epochs):
        order = rng.permutation(n)
        for start in range(0, n, size):
            rows = order[start : start + size]
            rate = plan.lr * (1 - done / updates)
            done += 1
            slopes = _gradient(_paired(now), x[rows], y[rows], share[rows] * (n / len(rows)), plan.l2)
            for array, slope, m, v in zip(now, slopes, mean, square, strict=True):
                m += (1 - FIRST) * (slope - m)
                v += (1 - SECOND) * (slope * slope - v)
                scale = rate * np.sqrt(1 - SECOND**done) / (1 - FIRST**done)
                array -= np.float32(scale) * m / (np.sqrt(v) + np.float32(SMALL))
    *below, above = _paired(now)
    return tuple(below), above


def _paired(arrays: Sequence[Floats32]) -> list[Layer]:
    return [Layer(weights, bias) for weights, bias in zip(arrays[::2], arrays[1::2], strict=True)]


def _gradient(layers: Sequence[Layer], x: Floats32, y: Floats32, weight: Floats32, l2: float) -> list[Floats32]:
    """Of the loss by the weights and the bias of each layer, lowest first."""
    inputs = [x]
    for layer in layers[:-1]:
        inputs.append(np.maximum(inputs[-1] @ layer.weights + layer.bias, 0))
    back = (probs((), layers[-1], inputs[-1]) - y) * weight[:, None]
    slopes: list[Floats32] = []
    for layer, below in zip(reversed(layers), reversed(inputs), strict=True):
        slopes += [back.sum(axis=0), below.T @ back + np.float32(l2) * layer.weights]
        back = (back @ layer.weights.T) * (below > 0)
    return slopes[::-1]
