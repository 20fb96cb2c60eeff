"""How far the student's stated confidence is from how often it is right, and the Brier score beside it.

    calibration = sum_b |sum_{i in b} (conf_i - [answer_i = truth_i])| / n,    conf_i = max_c p_ic
    brier       = (1 / n) sum_i sum_c (p_ic - [truth_i = c])^2,    from 0, best, to 2

The first is the expected calibration error. Bins b cut the confidence into `bins` pieces of equal width, closed
above, or of equal mass (at its quantiles; equal confidences share a bin). Both values are the mean of the items: for
the calibration error an item is s_b (conf_i - [answer_i = truth_i]), s_b the sign of its bin's sum; for the Brier
score it is its squared distance. A class that the student does not know has probability 0.

Source: Guo et al. (2017), equation 3, equal width, 15 bins; equal mass: Nguyen and O'Connor (2015); Brier (1950).
Neutral limit: with one bin it is |mean confidence - accuracy|.

>>> from tutelage.toys import ANSWERS, POOL, stream, till, view
>>> from tutelage.core.data import Rows
>>> exam = Exam((ANSWERS.through(till()).reveal(Rows(POOL, np.arange(6))),))
>>> error, brier = Calibration().assess(view().student, exam, till(), stream(0, "assess"))
>>> round(error.value, 3), round(brier.value, 3)      # c and d, next to the border, are right with p = 0.69
(0.103, 0.064)
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Exam, Floats, Ints, Kinds, Rng, Score
from tutelage.core.method import method
from tutelage.core.stages import CanWeigh, Student, Till
from tutelage.kit.exams import mean, weigh_exam


@method
class Calibration:
    """on: which exam. equal: what the bins have in common."""

    bins: Annotated[int, Field(ge=1)] = 15
    equal: Literal["width", "mass"] = "width"
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanWeigh})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """Two scores, `calibration` and `brier`; lower is better. NaN for an exam without items of positive weight."""
        sat, probs = weigh_exam(student, exam)
        conf = probs.max(axis=1, initial=0.0).astype(np.float64)
        gaps = conf - sat.right
        place = _bins(conf, self.bins, self.equal)
        signs = np.sign(np.bincount(place, gaps, minlength=self.bins))
        errors = (signs[place] * gaps).astype(np.float32)
        wanted = sat.truth[:, None] == np.arange(probs.shape[1])
        squares = np.square(probs.astype(np.float64) - wanted).sum(axis=1).astype(np.float32)
        return (
            Score("calibration", mean(errors), sat.rows, errors, sat.groups, higher_is_better=False),
            Score("brier", mean(squares), sat.rows, squares, sat.groups, higher_is_better=False),
        )


def _bins(conf: Floats, bins: int, equal: str) -> Ints:
    """(n,) the bin of each confidence."""
    if equal == "width" or len(conf) == 0:
        return np.clip(np.ceil(conf * bins).astype(np.int64) - 1, 0, bins - 1)
    edges = np.quantile(conf, np.arange(1, bins) / bins)
    return np.asarray(np.searchsorted(edges, conf, side="left"))
