"""Leave out what nearly repeats an earlier row, by the embeddings, and let another method choose among the rest.

    in table order:  row i is kept unless cos(h_i, h_j) > threshold for a kept or labelled j before it, or h_i = h_j

The first of several alike is the one that is kept, and which are kept hangs on the embeddings and on the order of the
table alone, neither on the order of the pool nor on luck. What was labelled before counts as kept. Kept rows are handed
to `of`; where more are asked for than are kept, the others follow, the least like anything kept first, or with `drop`
they are never chosen. A threshold of 1 leaves out exact repetitions alone. Score of a kept row: that of `of`.

Source: Lee, Cho and Yoo (2024), arXiv 2310.09518, section 3: concepts whose cosine similarity to a kept one exceeds
0.67; the greedy rule that keeps the first as in Broder (1997) for near-duplicates.
Neutral limit: where no two rows are more alike than the threshold this is `of`, exactly.

>>> from tutelage.toys import stream, view            # -3 -2 -0.2 | 0.2 2 3: two directions
>>> chosen = SemanticDedup(drop=True).choose(view(), 6, stream(0, "choose"))
>>> sorted(view().pool.take(chosen.rows).ids())
['a', 'd']
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.choose.uniform import Uniform
from tutelage.core.data import Array, Bools, Floats, Kinds, Rng
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import CanEmbed, Chosen, View
from tutelage.kit.ask import embeddings
from tutelage.kit.cost import FLOAT, Cost, Size, cost_of, embedding, together
from tutelage.kit.distances import blocks
from tutelage.kit.lessons import held_embeddings
from tutelage.kit.ranking import in_table_order, within

ROUNDING = 1e-9  # of a cosine in double precision: alike at the threshold is not above it


class Kept(NamedTuple):
    """One line per row: whether it stays, and its cosine to the likest row that was kept before it, -1 for none."""

    stays: Bools
    alike: Floats


@method
class SemanticDedup:
    """of: chooses among what is kept. drop: what is left out is never chosen."""

    threshold: Annotated[float, Field(gt=-1, le=1)] = 0.67
    of: Annotated[Any, part("choose")] = Uniform()
    drop: bool = False

    @property
    def needs(self) -> Kinds:
        """Embeddings, and what `of` needs."""
        needs: Kinds = self.of.needs | {CanEmbed}
        return needs

    def costs(self, size: Size) -> Cost:
        """All are compared with what was kept before, at most with all; unit vectors in double precision."""
        points = float(size.pool + size.held)
        pairs = Cost(24.0 * points * size.width + 3.2e7, size.pool * points * (2.0 * size.width + FLOAT) / 2)
        return together(embedding(size), pairs, cost_of(self.of, size))

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        if len(view.pool) == 0 or n <= 0:
            return Chosen(np.zeros(0, dtype=np.int64), np.full(len(view.pool), np.nan))
        ordered = in_table_order(view.pool)
        x = embeddings(view.student, ordered.pool)
        found = kept(x, held_embeddings(view.student, view.lessons, x.shape[1]), self.threshold)
        shown = ordered.places[found.stays]
        inner: Chosen = self.of.choose(view._replace(pool=view.pool.take(shown)), min(n, len(shown)), rng)
        chosen = within(view.pool, shown, inner)
        rest = np.flatnonzero(~found.stays)
        if self.drop or n <= len(shown):
            return chosen
        others = rest[np.argsort(found.alike[rest], kind="stable")][: n - len(shown)]
        return chosen._replace(rows=np.concatenate([chosen.rows, ordered.places[others]]))


def kept(x: Array, before: Array, threshold: float) -> Kept:
    """Which rows of x (n, d) stay beside `before` (m, d) and beside those that stay before them.

    Memory O((n + m) d): a block of rows is compared with what stays before it, then row by row with itself. A row of
    zeros is like nothing but another such row.

    >>> kept(np.array([[1.0, 0], [2, 0], [1, 1], [0, 3]]), np.zeros((0, 2)), 0.67).stays.tolist()
    [True, False, False, True]
    """
    points, others = _units(x), _units(before)
    repeats = _repeats(np.concatenate([np.asarray(before, np.float32), np.asarray(x, np.float32)]))[len(before) :]
    held = np.concatenate([others, np.empty_like(points)])
    count, stays, alike = len(others), np.zeros(len(points), dtype=bool), np.full(len(points), -1.0)
    for rows in blocks(len(points), 1 << 12):
        block = points[rows]
        for some in blocks(count, len(block)):
            alike[rows] = np.maximum(alike[rows], (block @ held[:count][some].T).max(axis=1, initial=-1.0))
        first = count
        for place in range(rows.start, rows.stop):
            if count > first:
                alike[place] = max(alike[place], float((held[first:count] @ points[place]).max()))
            stays[place] = not repeats[place] and alike[place] <= threshold + ROUNDING
            if stays[place]:
                held[count] = points[place]
                count += 1
    return Kept(stays, alike)


def _units(x: Array) -> Floats:
    """Rows of length 1 in double precision; a row of zeros stays one."""
    wide = np.asarray(x, dtype=np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(lengths > 0, lengths, 1.0))


def _repeats(x: Array) -> Bools:
    """(n,) rows that stand earlier, number for number."""
    first = np.unique(x, axis=0, return_index=True)[1] if len(x) else np.zeros(0, dtype=np.int64)
    found = np.ones(len(x), dtype=bool)
    found[first] = False
    return found
