"""Stop when the student is sure of what is left of the pool.

    (1/|U|) sum_{x in U} H(p(x)) / log C  <  threshold,

U = the examples not yet taught, p = the student's probabilities of C classes, H = entropy. Says nothing while lessons
of fewer than two classes are held, when every student is sure, and about an empty pool.

Source: Zhu, Wang, Hovy (2008), Multi-criteria-based strategy to stop active learning for data annotation (overall
uncertainty); dividing by log C, which makes one threshold do for every number of classes, is usual since.
Neutral limit: threshold 0 never stops.

>>> from tutelage.toys import stream, view            # two classes held; sure of four points, unsure of none left
>>> import numpy as np
>>> sure = OverallUncertainty().stop(view(taught=np.array([2, 3])), stream(0, "stop"))
>>> sure.stop, round(sure.value, 4)
(True, 0.0022)
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Floats, Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanWeigh, Stopped, View
from tutelage.kit.ask import weigh
from tutelage.kit.info import entropy
from tutelage.kit.lessons import classes_held


def normalised(probs: Array) -> Floats:
    """(n,) entropy as a share of the largest possible; 0 with fewer than two classes."""
    return entropy(probs) / math.log(max(probs.shape[1], 2))


@method
class OverallUncertainty:
    """A student that is too sure of itself stops too early: look at `calibration` beside it."""

    threshold: Annotated[float, Field(ge=0, le=1)] = 0.05

    needs: ClassVar[Kinds] = frozenset({CanWeigh})

    def stop(self, view: View, rng: Rng) -> Stopped:
        if not len(view.pool) or classes_held(view.lessons) < 2:
            return Stopped(False, math.nan)
        value = float(np.mean(weigh(view.student, view.pool, lambda batch, probs: normalised(probs))))
        return Stopped(value < self.threshold, value)
