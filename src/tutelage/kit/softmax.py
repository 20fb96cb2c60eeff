"""Softmax regression: the head on top of fixed features, solved in a fraction of a second.

    minimise   sum_i w_i ( - sum_c y_ic log p_ic )  +  |W|^2 / (2 strength),      p_i = softmax(x_i W + b)

The bias b carries no penalty and `strength` is scikit-learn's `C`: for three or more classes this is exactly the
objective of its LogisticRegression. (For two classes that one keeps a single vector, W_1 - W_0, and penalises it; its
C is then twice our strength.) A class without weight in the targets gets probability exactly 0.

With fewer rows than columns the solution is W = X^T A, and the same steps are taken in A under the Gram matrix, so
that a wide sparse X costs no more than a square one. float32 stays float32, float64 stays float64; the result depends
on nothing but the arguments and, in the last digits, on the number of BLAS threads. Its FLOP: kit.softmax_flop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from tutelage.core.data import Array, Floats, Floats32, Ints
from tutelage.core.stages import Spend
from tutelage.kit.class_moments import precision, weighted_means
from tutelage.kit.lbfgs import Evaluate, minimised
from tutelage.kit.softmax_flop import DENSE_GRAM, flop


class Softmax(NamedTuple):
    """weights (k, C), bias (C,), -inf for a class of probability 0. columns: which k of the inputs; None: all."""

    weights: Array
    bias: Array
    columns: Ints | None = None

    def probs(self, x: Any) -> Floats32:
        """(n, C) float32, rows sum to 1; x (n, d) dense or CSR."""
        scores = np.asarray((x if self.columns is None else x[:, self.columns]) @ self.weights)
        scores += self.bias
        return np.asarray(_softmax(scores), dtype=np.float32)


class Solved(NamedTuple):
    """head and how it was found. loss: the whole objective; converged: the gradient is within the tolerance."""

    head: Softmax
    loss: float
    iterations: int
    converged: bool


def solved(x: Any, targets: Array, weight: Floats, strength: float = 1.0, start: Softmax | None = None,
           tolerance: float = 1e-6, limit: int = 1000, spend: Spend | None = None) -> Solved:  # fmt: skip
    """Fit a head. x (n, d) dense or CSR; targets (n, C), rows sum to 1; weight (n,) >= 0, where w counts as w copies.

    Stops when the gradient's norm is at most tolerance * sum(weight). `start` (dense x, same classes seen) saves
    iterations and moves the result within the tolerance only. `spend` is told the FLOP of every evaluation before it
    is done. ValueError when no row has weight.
    """
    keep = np.flatnonzero(np.asarray(weight) > 0)
    if len(keep) == 0 or np.min(weight) < 0:
        raise ValueError("softmax regression needs weights that are not negative and one that is positive")
    x, targets, weight = _kept(x, keep), np.asarray(targets)[keep], np.asarray(weight, dtype=np.float64)[keep]
    seen = np.flatnonzero(targets.max(0) > 0)
    columns = np.unique(x.indices).astype(np.int64) if sparse.issparse(x) else None
    if columns is not None:
        x = x[:, columns]
    y = np.ascontiguousarray(targets[:, seen], dtype=x.dtype)
    warm = None if start is None or columns is not None else _same(start, seen, x.shape[1], targets.shape[1])
    problem = _by_rows if warm is None and x.shape[0] < x.shape[1] else _by_columns
    evaluate, origin, weights_at = problem(x, y, weight.astype(x.dtype)[:, None], strength, spend or _free)
    found = minimised(evaluate, origin if warm is None else warm.astype(x.dtype), tolerance * weight.sum(), limit)
    table, bias = weights_at(found.position)
    full = np.zeros((x.shape[1], targets.shape[1]), dtype=x.dtype)
    full[:, seen] = table
    biases = np.full(targets.shape[1], -np.inf, dtype=x.dtype)
    biases[seen] = bias
    return Solved(Softmax(full, biases, columns), found.value, found.iterations, found.converged)


def nearest_mean(x: Any, targets: Array, weight: Floats, sharpness: float) -> Softmax:
    """The head p(c | x) proportional to exp(sharpness * x . m_c / |m_c|), m_c the weighted mean of class c.

    For rows of length 1 that is the cosine to the class's mean: nothing is solved, every class counts the same.
    """
    pull = np.asarray(targets, dtype=np.float64) * np.asarray(weight, dtype=np.float64)[:, None]
    sums = np.asarray(x.T @ pull)
    lengths = np.linalg.norm(sums, axis=0)
    weights = sharpness * sums / np.where(lengths > 0, lengths, 1.0)
    bias = np.where(pull.max(0, initial=0.0) > 0, 0.0, -np.inf)
    return Softmax(weights.astype(np.float32), bias.astype(np.float32))


def discriminant(x: Array, targets: Array, weight: Floats, shrinkage: float) -> Softmax:
    """The head of linear discriminant analysis: p(c | x) proportional to exp(-|x - m_c|^2 / 2).

    The distance is measured in the covariance that all classes share (kit.class_moments.precision); every class counts
    the same.
    """
    rows, pull = np.asarray(x, dtype=np.float64), np.asarray(targets, np.float64) * np.asarray(weight)[:, None]
    means, masses = weighted_means(rows, pull)
    turned = means @ precision(rows, pull, means, shrinkage)
    bias = np.where(masses > 0, -(turned * means).sum(axis=1) / 2, -np.inf)
    return Softmax(turned.T.astype(np.float32), bias.astype(np.float32))


Problem = tuple[Evaluate, Array, Callable[[Array], tuple[Array, Array]]]


def _free(flop: float) -> None:
    """Nobody counts."""


def _entries(x: Any) -> int:
    return int(x.nnz if sparse.issparse(x) else x.size)


def _by_columns(x: Any, y: Array, weight: Array, strength: float, spend: Spend) -> Problem:
    """Positions are (1, (d + 1) C): W, then b."""
    (n, d), c = x.shape, y.shape[1]
    cost = flop(n, d, _entries(x), c, warm=True)

    def evaluate(position: Array) -> tuple[float, Array]:
        spend(cost.each)
        table = position.reshape(d + 1, c)
        loss, residual = _cross_entropy(np.asarray(x @ table[:-1]), table[-1], y, weight)
        gradient = np.empty_like(table)
        gradient[:-1] = x.T @ residual
        gradient[:-1] += table[:-1] / x.dtype.type(strength)
        residual.sum(axis=0, out=gradient[-1])
        return loss + float(np.vdot(table[:-1], table[:-1])) / (2 * strength), gradient.reshape(1, -1)

    def weights_at(position: Array) -> tuple[Array, Array]:
        table = position.reshape(d + 1, c)
        return table[:-1], table[-1]

    return evaluate, np.zeros((1, (d + 1) * c), dtype=x.dtype), weights_at


def _by_rows(x: Any, y: Array, weight: Array, strength: float, spend: Spend) -> Problem:
    """Positions are (2, (n + 1) C): A, then b; beside it its image X X^T A, then b."""
    n, c = y.shape
    cost = flop(n, x.shape[1], _entries(x), c)
    spend(cost.once)
    gram: Any = None if n > DENSE_GRAM else x @ x.T
    if sparse.issparse(gram):
        gram = gram.toarray()

    def evaluate(position: Array) -> tuple[float, Array]:
        spend(cost.each)
        (a, image) = position.reshape(2, n + 1, c)
        loss, residual = _cross_entropy(image[:-1].copy(), image[-1], y, weight)
        gradient = np.empty((2, n + 1, c), dtype=x.dtype)
        gradient[:, -1] = residual.sum(axis=0)
        np.add(residual, a[:-1] / x.dtype.type(strength), out=gradient[0, :-1])
        gradient[1, :-1] = x @ (x.T @ gradient[0, :-1]) if gram is None else gram @ gradient[0, :-1]
        return loss + float(np.vdot(a[:-1], image[:-1])) / (2 * strength), gradient.reshape(2, -1)

    def weights_at(position: Array) -> tuple[Array, Array]:
        a = position.reshape(2, n + 1, c)[0]
        return np.asarray(x.T @ a[:-1]), a[-1]

    return evaluate, np.zeros((2, (n + 1) * c), dtype=x.dtype), weights_at


def _cross_entropy(scores: Array, bias: Array, y: Array, weight: Array) -> tuple[float, Array]:
    """The weighted sum of losses, and its derivative by the scores; `scores` is used up."""
    scores += bias
    scores -= scores.max(axis=1, keepdims=True)
    fits = np.einsum("ij,ij->i", scores, y)
    np.exp(scores, out=scores)
    total = scores.sum(axis=1, keepdims=True)
    loss = float((weight[:, 0] * (np.log(total[:, 0]) - fits)).sum(dtype=np.float64))
    scores /= total
    scores -= y
    scores *= weight
    return loss, scores


def _softmax(scores: Array) -> Array:
    scores -= scores.max(axis=1, keepdims=True, initial=-np.inf)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


def _same(start: Softmax, seen: Ints, d: int, c: int) -> Array | None:
    """The start as a position, or None when it is a head over other columns or classes."""
    fits = start.columns is None and start.weights.shape == (d, c)
    if not fits or not np.array_equal(np.flatnonzero(np.isfinite(start.bias)), seen):
        return None
    return np.vstack([start.weights[:, seen], start.bias[seen]]).reshape(1, -1)


def _kept(x: Any, keep: Ints) -> Any:
    x = x[keep] if len(keep) < x.shape[0] else x
    return x if x.dtype in (np.float32, np.float64) else x.astype(np.float32)
