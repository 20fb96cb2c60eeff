"""What is left of a score while something else is learned: relative loss, and whether it is lost ever more slowly.

    lost    = (v_0 - v_T) / (v_0 - chance)                                     0 all kept, 1 down to chance
    slowing = (v_0 - v_k) / (x_k - x_0) - (v_k - v_T) / (x_T - x_k)            above 0: faster before the knee k

v_t is the score after t updates, x_t = t, or with `logarithmic` x_t = ln(1 + t), in which a power law of forgetting is
about a straight line.

Source: Ebbinghaus (1885), savings over time; Wixted and Ebbesen (1991), On the form of forgetting, for power laws; the
two numbers as Orhan (2023, arXiv 2303.17557), section 3.3, describes the curve.
Neutral limit: a score that stays as it was has lost 0 and slowing 0.
"""

from __future__ import annotations

import numpy as np

from tutelage.core.data import Floats, Ints


def lost(values: Floats, chance: float = 0.0) -> float:
    """NaN where there is nothing to lose: the first value is at chance or below.

    >>> lost(np.array([1.0, 0.5, 0.25])), lost(np.array([1.0, 0.75]), 0.5), lost(np.array([0.5, 0.5]), 0.5)
    (0.75, 0.5, nan)
    """
    above = float(values[0]) - chance
    return (float(values[0]) - float(values[-1])) / above if above > 0 else float("nan")


def slowing(steps: Ints, values: Floats, knee: int, logarithmic: bool = False) -> float:
    """Steps (k,) rise from 0 and hold the knee between the first and the last; ValueError otherwise.

    >>> slowing(np.array([0, 10, 110]), np.array([1.0, 0.5, 0.3]), 10)
    0.048
    """
    at = np.flatnonzero(steps == knee)
    if len(at) != 1 or not 0 < at[0] < len(steps) - 1:
        raise ValueError(f"the knee {knee} is no probe between the first and the last of {steps.tolist()}")
    x = np.log1p(steps) if logarithmic else steps.astype(np.float64)
    first, then = (float(values[a] - values[b]) / float(x[b] - x[a]) for a, b in ((0, at[0]), (at[0], -1)))
    return first - then
