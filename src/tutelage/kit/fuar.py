"""Forgotten over acquired: how much old knowledge an update of a model costs for each piece that it brings.

For a model LM_0 that goes through phases 1..n, and Gap(T, a, b) = Score_T(LM_a) - Score_T(LM_b),

    FUAR = sum_(i < n) max(0, Gap(F_i, i, n)) / sum_(i < n) sum_T max(0, Gap(T, n, i)),    T: U_n and A_n

F_i is what phase i knew and no later phase changes, U_n what the last phase corrects and A_n what it adds. 0: nothing
was lost; 1: a point was lost for each point that was gained; less is better. What improves counts for nothing on top,
and what worsens takes nothing away below. Where nothing was gained there is no ratio, neither 0 nor infinity.

Source: Jang, Ye, Yang, Shin, Han, Kim, Choi and Seo (2022), Towards continual knowledge learning of language models,
equation 1.
"""

from __future__ import annotations

import math

import numpy as np

from tutelage.core.data import Floats


def forgotten_over_acquired(kept: Floats, gained: Floats) -> float | None:
    """The ratio; None where nothing was gained.

    kept: (n, 2) of each earlier model LM_i the score on F_i, its own and that of the last model. gained: (k, n + 1) the
    scores of LM_0 .. LM_n on each of the k sets that the last phase teaches, in any unit that all of them share. NaN
    makes NaN. ValueError for shapes that do not belong together.

    >>> forgotten_over_acquired(np.array([[24.17, 12.89]]), np.array([[1.62, 10.17], [1.88, 3.77]])).__round__(2)
    1.08
    >>> forgotten_over_acquired(np.array([[24.0, 12.0]]), np.array([[2.0, 2.0], [2.0, 1.0]])) is None
    True
    """
    kept, gained = np.asarray(kept, dtype=np.float64), np.asarray(gained, dtype=np.float64)
    if kept.ndim != 2 or kept.shape[1] != 2 or gained.ndim != 2 or gained.shape[1] != len(kept) + 1 or not len(kept):
        what = f"kept {kept.shape} and gained {gained.shape}"
        raise ValueError(f"{what} are no scores of n phases: (n, 2) and (k, n + 1) with n at least 1 were asked for")
    lost = float(np.maximum(kept[:, 0] - kept[:, 1], 0).sum())
    won = float(np.maximum(gained[:, -1:] - gained[:, :-1], 0).sum())
    if math.isnan(lost + won):
        return math.nan
    ratio = lost / won if won > 0 else math.inf  # what is won may be too little to divide by
    return None if math.isinf(ratio) else ratio
