"""A fixed split of labelled rows: the same for every seed and every order of the rows, the same share of each class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tutelage.core.data import Array, Ints


def strata(keys: Array, codes: Ints, shares: Mapping[str, float], rest: str) -> dict[str, Ints]:
    """Name -> row numbers, ascending. In each class the rows go by their content key: the first share to the first
    name, the next to the second, and what remains to `rest`. Rows must be distinct (`keys` (n,), equal for equal rows).

    >>> found = strata(np.array([7, 1, 3, 5, 2, 9]), np.array([0, 0, 0, 1, 1, 1]), {"test": 0.34}, "train")
    >>> found["test"].tolist(), found["train"].tolist()
    ([1, 4], [0, 2, 3, 5])
    """
    parts: dict[str, list[Ints]] = {name: [] for name in [*shares, rest]}
    for code in np.unique(codes):
        mine = np.flatnonzero(codes == code)
        mine = mine[np.argsort(keys[mine], kind="stable")]
        edges = np.rint(np.cumsum([0.0, *shares.values()]) * len(mine)).astype(np.int64)
        for name, start, stop in zip(shares, edges[:-1], edges[1:], strict=True):
            parts[name].append(mine[start:stop])
        parts[rest].append(mine[edges[-1] :])
    return {name: np.sort(np.concatenate(some)) for name, some in parts.items()}
