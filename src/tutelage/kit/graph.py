"""The graph of nearest neighbours: by cosine, ties dealt by luck, who points at whom, and its symmetric forms.

A graph of n points is the pair of arrays (n, k) of `Like`: row i lists the k others most like i. As a matrix it has an
edge i -> j for every j in row i. Memory O(n k).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from tutelage.core.data import Array, Floats32, Ints, Rng
from tutelage.kit.neighbours import nearest


class Like(NamedTuple):
    """The k others most like each point, most alike first: rows (n, k) and cosines (n, k)."""

    rows: Ints
    cosines: Floats32


class Fans(NamedTuple):
    """For each point the edges that end in it, as positions in `rows.ravel()` of the graph."""

    starts: Ints  # (n + 1,)
    edges: Ints  # (n k,)

    def of(self, row: int) -> Ints:
        """The edges that end in this point; edge // k is where one begins."""
        return self.edges[self.starts[row] : self.starts[row + 1]]


def units(x: Array) -> Floats32:
    """(n, d) the points scaled to length 1, so that the order of distances is that of cosines.

    A point at the origin has no direction: where there is one, a further column makes all of these alike and
    orthogonal to everything else.
    """
    points = np.asarray(x, dtype=np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", points, points, dtype=np.float64))
    nowhere = lengths == 0
    scaled = (points / np.where(nowhere, 1, lengths)[:, None]).astype(np.float32)
    return np.column_stack([scaled, nowhere.astype(np.float32)]) if nowhere.any() else scaled


def like(x: Array, k: int, rng: Rng) -> Like:
    """The k most alike of the other points, by cosine; equally alike: some of them at random.

    `nearest` prefers earlier rows among equals, so the points are shuffled for it: else the first of many duplicates
    would be everybody's neighbour.
    """
    order = rng.permutation(len(x))
    found = nearest(units(x)[order], k)
    rows, cosines = np.empty_like(found.rows), np.empty_like(found.away)
    rows[order] = order[found.rows]
    cosines[order] = 1 - found.away**2 / 2
    return Like(rows, cosines)


def fans(rows: Ints) -> Fans:
    """The edges of the graph (n, k) by where they end; a counting sort, O(n k)."""
    n, k = rows.shape
    turned = directed(rows, np.arange(n * k)).tocsc()
    return Fans(turned.indptr.astype(np.int64), turned.data)


def directed(rows: Ints, weights: Array) -> sparse.csr_matrix:
    """The matrix (n, n) with weights[i, l] at (i, rows[i, l])."""
    n, k = rows.shape
    return sparse.csr_matrix((weights.ravel(), rows.ravel(), np.arange(n + 1) * k), (n, n))


def either(graph: sparse.csr_matrix) -> sparse.csr_matrix:
    """An edge both ways wherever there is one at all, of the larger weight; weights > 0."""
    return sparse.csr_matrix(graph.maximum(graph.T))


def both(graph: sparse.csr_matrix) -> sparse.csr_matrix:
    """An edge only where each counts the other among its nearest, of the smaller weight; weights > 0."""
    return sparse.csr_matrix(graph.minimum(graph.T))
