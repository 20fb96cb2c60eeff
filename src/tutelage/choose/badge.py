"""Choose examples that would each move the student far, and in different directions.

g_x = (p - e_yhat) (x) h,  the gradient of the loss at the student's own guess yhat with respect to its last layer
(p = label probabilities, h = embedding). The n examples are k-means++ seeds of the g_x: the first at random, each next
one in proportion to its squared distance from the nearest already drawn. The g_x are never formed:
<g_i, g_j> = <a_i, a_j> <h_i, h_j> with a = p - e_yhat. Score of an example: |g_x| = |a| |h|.

Source: Ash, Zhang, Krishnamurthy, Langford, Agarwal (2020), algorithm 1. The authors' code begins with the longest
gradient, their paper with k-means++ as published, which begins uniformly; `first: largest` is the former.
Neutral limit: where every gradient is zero (a student that is certain of everything) this is `uniform`.

>>> from tutelage.toys import stream, view            # six points, a student that knows two classes
>>> chosen = Badge(first="largest").choose(view(), 1, stream(0, "choose"))
>>> view().pool.take(chosen.rows).ids()[0] in "cd"    # |a| |h| is largest next to the border
True
"""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

import numpy as np

from tutelage.core.data import Array, Floats32, Ints, Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, CanWeigh, Chosen, View
from tutelage.kit.ask import embeddings, probabilities
from tutelage.kit.cost import Cost, Size, answered, embedding, passes, together
from tutelage.kit.distances import NOISE
from tutelage.kit.ranking import at_random, best, draw, filled, in_table_order, placed


class Gradients(NamedTuple):
    """Rank-one gradient embeddings: row i is a_i (x) h_i."""

    a: Floats32  # (n, C) p - e_yhat
    h: Floats32  # (n, d)
    squares: Floats32  # (n,) |a_i|^2 |h_i|^2


def gradients(probs: Array, h: Floats32) -> Gradients:
    """The factors; equal probabilities guess the first class. Without classes every gradient is zero."""
    a = np.array(probs, dtype=np.float32)
    if a.shape[1]:
        a[np.arange(len(a)), a.argmax(axis=1)] -= 1
    return Gradients(a, h, np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", h, h))


def to_gradient(g: Gradients, row: int) -> Floats32:
    """(n,) |g_i - g_row|^2 by two matrix-vector products.

    Where rounding could hide the difference it is taken apart instead, so that a duplicate lies at exactly 0:
    g_i - g_j = (a_i - a_j) (x) h_i + a_j (x) (h_i - h_j).
    """
    away = np.asarray(g.a @ g.a[row], dtype=np.float32)
    away *= g.h @ g.h[row]
    away *= -2
    away += g.squares
    away += g.squares[row]
    near = np.flatnonzero(away < NOISE * (g.squares + g.squares[row]))
    for part in np.array_split(near, len(near) // 4096 + 1):
        a, h = g.a[part] - g.a[row], g.h[part] - g.h[row]
        first = np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", g.h[part], g.h[part])
        last = np.einsum("ij,ij->i", h, h) * (g.a[row] @ g.a[row])
        both = (a @ g.a[row]) * np.einsum("ij,ij->i", g.h[part], h)
        away[part] = np.maximum(first + last + 2 * both, 0)
    return away


def spread(g: Gradients, n: int, largest: bool, rng: Rng) -> Ints:
    """At most n rows by k-means++; fewer where the gradients that differ are fewer."""
    row: int | None = best(g.squares, rng) if largest else int(rng.integers(len(g.squares)))
    away = np.full(len(g.squares), np.inf, dtype=np.float32)
    picks: list[int] = []
    while row is not None and len(picks) < n:
        picks.append(row)
        np.minimum(away, to_gradient(g, row), out=away)
        row = draw(away, rng)
    return np.array(picks, dtype=np.int64)


@method
class Badge:
    """Needs no setting: doubtful examples have long gradients, and long ones far from each other are drawn."""

    first: Literal["uniform", "largest"] = "uniform"  # the first pick: at random, or the longest gradient

    needs: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed})

    def costs(self, size: Size) -> Cost:
        drawn = passes(size.pool, size.width + size.classes, size.asked)
        return together(embedding(size), answered(size), drawn)

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if n <= 0 or n >= len(view.pool):
            return at_random(view.pool, n, rng)
        ordered = in_table_order(view.pool)
        g = gradients(probabilities(view.student, ordered.pool), embeddings(view.student, ordered.pool))
        picks = spread(g, n, self.first == "largest", rng)
        return placed(ordered, filled(picks.tolist(), n, len(ordered.pool), rng), np.sqrt(g.squares))
