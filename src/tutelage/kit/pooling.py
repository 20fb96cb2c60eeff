"""From token ids to one vector a text: batches by length, padding, masked mean, unit length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tutelage.core.data import Floats32, Ints


def by_length(ids: Sequence[Sequence[int]], size: int) -> Iterator[Ints]:
    """Positions in batches of at most `size`, shortest first, so that little is padded.

    >>> [batch.tolist() for batch in by_length([[1, 2, 3], [1], [1, 2]], 2)]
    [[1, 2], [0]]
    """
    order = np.argsort([len(one) for one in ids], kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]


def padded(ids: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """(b, t) token ids filled up with 0, and (b, t) the mask: 1 where there is a token.

    >>> padded([[5], [6, 7]])[0].tolist(), padded([[5], [6, 7]])[1].tolist()
    ([[5, 0], [6, 7]], [[1, 0], [1, 1]])
    """
    width = max((len(one) for one in ids), default=0)
    made = np.zeros((len(ids), width), dtype=np.int64)
    mask = np.zeros((len(ids), width), dtype=np.int64)
    for row, one in enumerate(ids):
        made[row, : len(one)] = one
        mask[row, : len(one)] = 1
    return made, mask


def mean_over(states: Floats32, mask: Ints) -> Floats32:
    """(b, d) mean of the (b, t, d) states over the tokens of each text; a text without tokens gives zeros.

    Summed token by token, so that padding at the end (zeros) cannot change a bit of the result.

    >>> mean_over(np.array([[[1.0], [3.0], [9.0]]], dtype=np.float32), np.array([[1, 1, 0]])).tolist()
    [[2.0]]
    """
    weights = mask.astype(np.float32)
    total = (states * weights[:, :, None]).sum(axis=1)
    return np.asarray(total / np.maximum(weights.sum(1, keepdims=True), 1.0), dtype=np.float32)


def unit(vectors: Floats32) -> Floats32:
    """The rows at Euclidean length 1; a row of zeros stays.

    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def pooled(
    ids: Sequence[Sequence[int]], width: int, size: int, states: Callable[[Ints, Ints], Floats32], normalize: bool
) -> Floats32:
    """(n, width) mean-pooled vectors in the order of `ids`; `states(ids, mask)` gives (b, t, width) for a batch."""
    made = np.empty((len(ids), width), dtype=np.float32)
    for batch in by_length(ids, size):
        filled, mask = padded([ids[row] for row in batch])
        made[batch] = mean_over(states(filled, mask), mask)
    return unit(made) if normalize else made
