"""Limited-memory BFGS for smooth convex functions, in the precision of its arrays.

A position is an array (k, size) and the inner product of two is  a[0] . b[-1].  With k = 1 that is the plain one.
With k = 2 a vector stands beside its image under a metric (coefficients and their Gram image), so that the very same
steps are taken in a space too wide to be stored.

Source: Nocedal (1980), the two-loop recursion; Hager and Zhang (2005), equation 4.1, for a line search that float32
noise does not stop.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Array

Evaluate = Callable[[Array], tuple[float, Array]]  # position (k, size) -> value, gradient (k, size)
Pair = tuple[Array, Array, float]  # step s, change of gradient y, 1 / (s . y)
TRIES = 25  # evaluations in one line search; the interval shrinks tenfold at worst


class Minimum(NamedTuple):
    """position (k, size); norm: of the gradient there; converged: whether the norm is within the tolerance."""

    position: Array
    value: float
    norm: float
    iterations: int
    converged: bool


class _Point(NamedTuple):
    at: Array
    value: float
    gradient: Array


def minimised(evaluate: Evaluate, start: Array, tolerance: float, limit: int = 1000, memory: int = 10) -> Minimum:
    """Minimise a convex function until its gradient's norm is at most `tolerance`, or no step makes progress."""
    now = _Point(start, *evaluate(start))
    pairs: list[Pair] = []
    for iteration in range(limit):
        norm = math.sqrt(max(inner(now.gradient, now.gradient), 0.0))
        if norm <= tolerance:
            return Minimum(now.at, now.value, norm, iteration, True)
        direction = _direction(now.gradient, pairs, norm)
        new = _search(evaluate, now, direction, grow=2.0 if pairs else 8.0)
        if new is None:
            if not pairs:  # not even downhill: the noise of this precision is reached
                return Minimum(now.at, now.value, norm, iteration, False)
            pairs = []
            continue
        step, change = new.at - now.at, new.gradient - now.gradient
        curvature = inner(step, change)
        if curvature > 0:
            pairs = [*pairs, (step, change, 1 / curvature)][-memory:]
        now = new
    norm = math.sqrt(max(inner(now.gradient, now.gradient), 0.0))
    return Minimum(now.at, now.value, norm, limit, norm <= tolerance)


def inner(a: Array, b: Array) -> float:
    """a[0] . b[-1]"""
    return float(np.dot(a[0], b[-1]))


def _direction(gradient: Array, pairs: list[Pair], norm: float) -> Array:
    """Minus the approximate inverse Hessian times the gradient."""
    q = gradient.copy()
    shares: list[float] = []
    for step, change, rho in reversed(pairs):
        shares.append(rho * inner(step, q))
        q -= shares[-1] * change
    q *= 1 / (pairs[-1][2] * inner(pairs[-1][1], pairs[-1][1])) if pairs else 1 / norm
    for (step, change, rho), share in zip(pairs, reversed(shares), strict=True):
        q += (share - rho * inner(change, q)) * step
    np.negative(q, out=q)
    return q


def _search(evaluate: Evaluate, now: _Point, direction: Array, grow: float) -> _Point | None:
    """A step where the slope has fallen to nine tenths and the value has not risen beyond rounding; None if none."""
    slope = inner(now.gradient, direction)
    if not slope < 0:
        return None
    low, low_slope = 0.0, slope
    high, high_slope = math.inf, math.inf
    noise = 8 * float(np.finfo(direction.dtype).eps) * abs(now.value)
    size = 1.0
    for _ in range(TRIES):
        at = now.at + direction.dtype.type(size) * direction
        value, gradient = evaluate(at)
        new_slope = inner(gradient, direction)
        fallen = value <= now.value + noise
        if fallen and abs(new_slope) <= -0.9 * slope:
            return _Point(at, value, gradient)
        if fallen and new_slope < 0:
            low, low_slope = size, new_slope
        else:
            high, high_slope = size, new_slope
        size = size * grow if math.isinf(high) else _between(low, low_slope, high, high_slope)
    return None


def _between(low: float, low_slope: float, high: float, high_slope: float) -> float:
    """Where the slopes' straight line crosses zero, kept off both ends; the slopes of a convex function rise."""
    share = low_slope / (low_slope - high_slope) if math.isfinite(high_slope) and high_slope > low_slope else 0.5
    return low + (high - low) * min(max(share, 0.1), 0.9)
