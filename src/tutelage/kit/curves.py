"""Arithmetic on learning curves: when a height is reached, and one curve relative to another.

A curve (n,) holds one number per experience. What is compared with the highest point is compared within CLOSE: a moving
average of a level stretch is level only up to rounding, and the first place that is highest would be luck.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tutelage.core.data import Bools, Floats
from tutelage.kit.lifetimes import smoothed

CLOSE = 1e-9
ENOUGH = 0.2  # of the expert's highest point, below which a learner is not efficient at anything


def relative(mine: Floats, experts: Sequence[Floats]) -> float:
    """Sum of the curve / sum of the expert's, both cut to the shorter one; the mean over experts. NaN without either.

    >>> relative(np.array([1.0, 2.0, 3.0]), [np.array([2.0, 4.0])])
    0.5
    """
    shared = [(min(len(mine), len(theirs)), theirs) for theirs in experts]
    return mean(np.array([ratio(float(mine[:n].sum()), float(theirs[:n].sum())) for n, theirs in shared if n]))


def efficiency(when: Floats, mine: Floats, experts: Sequence[Floats]) -> float:
    """(m / m') (t' / t), the mean over experts: m the highest point of the smoothed curve, t the experiences before it.

    0 where m < 0.2 m' or where the least-squares line of `mine` over the experience numbers `when` falls. NaN without
    an expert, and where t or t' is 0: what is highest at its very first experience was not learned.
    """
    if len(mine) == 0:
        return float("nan")
    highest, needed = _highest(mine)
    slope = float(((when - when.mean()) * (mine - mine.mean())).sum())  # of the same sign as the line's
    values = []
    for their_highest, their_needed in map(_highest, experts):
        if needed == 0 or their_needed == 0 or their_highest == 0:
            values.append(float("nan"))
        elif highest < ENOUGH * their_highest or slope < 0:
            values.append(0.0)
        else:
            values.append((highest / their_highest) * (their_needed / needed))
    return mean(np.array(values))


def together(curves: Sequence[Floats]) -> Sequence[Floats]:
    """The mean curve, cut to the shortest, as the only one; none stay none."""
    if not curves:
        return ()
    shortest = min(len(curve) for curve in curves)
    return (np.mean([curve[:shortest] for curve in curves], axis=0),)


def reached(curve: Floats, height: float) -> Bools:
    """(n,) where the curve is at the height or above."""
    return np.asarray(curve >= height - CLOSE * max(1.0, abs(height)))


def ratio(after: float, before: float) -> float:
    """The quotient after / before; NaN when before is 0."""
    return after / before if before != 0 else float("nan")


def contrast(after: float, before: float) -> float:
    """The quotient (after - before) / (after + before), in [-1, 1] for positive performance; NaN at a sum of 0."""
    return (after - before) / (after + before) if after + before != 0 else float("nan")


def theil_sen(values: Floats) -> float:
    """The median slope over all pairs of points at 0, 1, 2, ...; NaN below two points.

    >>> theil_sen(np.array([0.0, 1.0, 2.0, 90.0]))
    15.5
    """
    first, second = np.triu_indices(len(values), 1)
    return median((values[second] - values[first]) / (second - first))


def mean(values: Floats) -> float:
    """Over those that are defined; NaN for none."""
    found = values[~np.isnan(values)]
    return float(found.mean()) if len(found) else float("nan")


def median(values: Floats) -> float:
    """Over those that are defined; NaN for none."""
    found = values[~np.isnan(values)]
    return float(np.median(found)) if len(found) else float("nan")


def _highest(curve: Floats) -> tuple[float, int]:
    """The highest point of the smoothed curve and the experiences before it."""
    smooth = smoothed(curve)
    highest = float(smooth.max())
    return highest, int(reached(smooth, highest).argmax())
