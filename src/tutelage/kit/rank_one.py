"""Inserting pairs of a key and a value into a linear memory: W changes as little as C, the keys' statistics, allows.

    one pair     W' = W + L (C^-1 k)^T,   L = (v - W k) / ((C^-1 k)^T k)
    n pairs      W' = W + (V - W K) (K^T C^-1 K)^-1 K^T C^-1

K (d, n) and V (o, n) hold a pair a column, C (d, d) is the keys' second moment, not centred. Among all W' with
W' K = V it is the one with the least trace((W' - W) C (W' - W)^T), the mean square by which the outputs of the keys
behind C move; with C the identity it is the nearest in Frobenius norm. A key x with K^T C^-1 x = 0 gives what it gave.

Source: Bau, Liu, Wang, Zhu, Torralba (2020), Rewriting a deep generative model, section 3.3; Meng, Bau, Andonian,
Belinkov (2022), arXiv 2202.05262, equation 2; Kohonen (1972), Correlation matrix memories, for W as a memory.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from tutelage.core.data import Floats

Which: TypeAlias = Literal["statistics", "keys"]


class Singular(ValueError):
    """A matrix that has to be inverted has no inverse, or one that is rounding alone.

    rank: of how many there are, `size`. which: C, the "statistics", or the Gram matrix K^T C^-1 K of the "keys".
    """

    def __init__(self, which: Which, rank: int, size: int) -> None:
        self.which, self.rank, self.size = which, rank, size
        super().__init__(f"the matrix of the {which}, of {size} rows, has rank {rank}")


def inserted(weight: Floats, keys: Floats, values: Floats, second: Floats) -> Floats:
    """W' (o, d) for W (o, d), K (d, n), V (o, n), C (d, d), all float64; without a pair W itself, copied.

    Singular when C is, or when the keys depend on each other, so that their values may contradict.

    >>> inserted(np.zeros((1, 2)), np.array([[1.0], [1.0]]), np.array([[4.0]]), np.diag([1.0, 3.0]))
    array([[3., 1.]])
    """
    if keys.shape[1] == 0:
        return weight.copy()
    reads = directions(second, keys)
    return weight + (values - weight @ keys) @ solved(keys.T @ reads, reads.T, "keys")


def directions(second: Floats, keys: Floats) -> Floats:
    """(d, n) C^-1 K: what the change reads. Singular when C is."""
    return solved(second, keys, "statistics")


def solved(matrix: Floats, right: Floats, which: Which) -> Floats:
    """The solution X of matrix X = right, matrix symmetric and positive definite. Singular, by that name, if not."""
    scale = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    scale = np.where(scale > 0, scale, 1.0)  # rows of unlike size are no sign of dependence
    even = matrix / scale / scale[:, None]
    found = np.linalg.eigvalsh(even)
    rank = int((found > len(found) * np.finfo(np.float64).eps * found[-1]).sum())
    if rank < len(found):
        raise Singular(which, rank, len(found))
    answer = cho_solve(cho_factor(even), right / scale[:, None]) / scale[:, None]
    return np.asarray(answer, dtype=np.float64)
