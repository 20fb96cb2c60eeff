"""How far several labellers agree beyond chance: Cohen's kappa, Fleiss' kappa, Krippendorff's alpha (nominal).

All three are 1 - observed disagreement / disagreement expected by chance: 1 is full agreement, 0 is chance, below 0 is
worse than chance. Where only one class was ever named chance cannot disagree, and the value is NaN.
"""

from __future__ import annotations

import numpy as np

from tutelage.core.data import Array, Floats, Ints
from tutelage.core.errors import ContractBroken


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


def fleiss(codes: Ints) -> float:
    """Kappa of m labels an item (n, m), whoever gave them: Fleiss (1971). -1 is no label; every item needs as many.

    kappa = (P - P_e) / (1 - P_e),  P = mean over items of the share of its pairs of labels that are equal,
    P_e = sum_c (share of all labels that are c)^2

    >>> round(fleiss(np.array([[0, 0, 0], [0, 0, 1], [1, 1, 1]])), 3)
    0.55
    """
    counts = _counts(codes)
    each = counts.sum(axis=1)
    if len(each) and (each != each[0]).any():
        raise ContractBroken("Fleiss' kappa needs as many labels of every item; Krippendorff's alpha does without")
    if len(each) == 0 or each[0] < 2:
        return float("nan")
    equal = (counts * (counts - 1)).sum(axis=1) / (each[0] * (each[0] - 1))
    shares = counts.sum(axis=0) / counts.sum()
    return _beyond(float(equal.mean()), float(shares @ shares))


def krippendorff(codes: Ints) -> float:
    """Alpha for nominal classes (n, m), -1 where a labeller gave none: Krippendorff (2004), section 11.3.

    alpha = 1 - (N - 1) sum_{c != k} o_ck / sum_{c != k} n_c n_k,  o_ck = sum over items of n_uc n_uk / (m_u - 1)

    Items with fewer than two labels do not count; n_c is how often c was named on the others, N their sum.

    >>> round(krippendorff(np.array([[0, -1, 0], [0, 0, 1], [1, 1, 1], [1, 0, 0], [0, 0, 0], [-1, 1, -1]])), 3)
    0.422
    """
    counts = _counts(codes)
    each = counts.sum(axis=1)
    counts, each = counts[each > 1], each[each > 1]
    total = counts.sum(axis=0)
    everyone = total.sum()
    expected = everyone**2 - total @ total
    if expected == 0:
        return float("nan")
    observed = ((each**2 - (counts * counts).sum(axis=1)) / (each - 1)).sum()
    return float(1 - (everyone - 1) * observed / expected)


def _counts(codes: Ints) -> Floats:
    """(n, C) how often each item was given each class."""
    table: Array = np.atleast_2d(codes)
    counts = np.zeros((len(table), int(table.max(initial=-1)) + 1))
    rows, columns = np.nonzero(table >= 0)
    np.add.at(counts, (rows, table[rows, columns]), 1)
    return counts


def _beyond(observed: float, chance: float) -> float:
    """Agreement beyond chance; NaN where chance agrees always."""
    return (observed - chance) / (1 - chance) if chance < 1 else float("nan")
