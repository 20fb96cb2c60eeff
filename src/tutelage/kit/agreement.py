"""How far several judges agree beyond what chance alone would give."""

from __future__ import annotations

import numpy as np

from tutelage.core.data import Ints


def cohen(a: Ints, b: Ints) -> float:
    """Cohen's kappa of two judges who gave each of n examples one class: (p_o - p_e) / (1 - p_e).

    p_o = the share of examples on which they agree, p_e = sum_c a_c b_c, the shares of class c in each. 1 for full
    agreement, 0 for what chance gives, below 0 for less. NaN without examples, and where both name one and the same
    class throughout: chance alone would agree. Cohen (1960), equation 1.

    >>> cohen(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))      # p_o = 3/4, p_e = 1/2 1/4 + 1/2 3/4 = 1/2
    0.5
    """
    one, two = np.asarray(a), np.asarray(b)
    if one.shape != two.shape or one.ndim != 1:
        raise ValueError(f"two judges give each example one class; found shapes {one.shape}, {two.shape}")
    if len(one) == 0:
        return float("nan")
    codes = np.concatenate([one, two]) - min(one.min(), two.min())
    if codes.max() >= len(codes):  # numbers far apart: counting up to them would take memory
        codes = np.unique(codes, return_inverse=True)[1]
    if codes.max() == 0:
        return float("nan")
    shares = [np.bincount(side, minlength=codes.max() + 1) / len(one) for side in np.split(codes, 2)]
    agreed, chance = float((one == two).mean()), float(shares[0] @ shares[1])
    return (agreed - chance) / (1 - chance)
