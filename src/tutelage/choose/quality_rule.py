"""Take the replies from which a linear rule over cheap indicators predicts the lowest loss of a student taught on them.

    predicted log loss(row) = intercept + sum_i coefficient_i * indicator_i(row),   lowest first

Indicators (kit/indicators.py): len, ppl, log_ppl, mtld, ifd, knn_1, knn_2, ..., and any column of numbers in the pool,
such as the score of a reward model. The rule is linear, so its mean over rows is its value for the set of them.

`preset` is a rule as published, for one model and its reward scores: v1 asks for the column `reward` (OpenAssistant's
pythia reward model), v2 for `reward`, `und`, `nat` and `coh` (UniEval's understandability, naturalness, coherence). On
indicators of another scale its numbers mean nothing: fit your own (kit/quality_fit.py) and give `coefficients`, which
take the place of the preset. A row with an indicator that is missing comes last. Score: the predicted log loss.

Source: Cao, Kang, Wang, Sun (2023), Instruction mining: when data mining meets large language model finetuning, arXiv
2307.06290, section 3 (estimator, indicators), v1 and the later version for the two rules.
Neutral limit: coefficients of 0 make this `uniform`; the intercept changes no order.

>>> from tutelage.toys import Reader, replies_pool, stream, view
>>> pool = replies_pool([("q", "yes", "r1"), ("p", "because it rains", "r2")])
>>> rule = QualityRule(coefficients={"len": -0.01}, intercept=1.0)
>>> rule.choose(view(pool, Reader()), 1, stream(0, "choose")).scores.round(2).tolist()
[0.97, 0.84]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import Chosen, View
from tutelage.kit.cost import Cost, Size, embedding, in_turn, neighbours, together
from tutelage.kit.indicators import KNN, indicators, needs_of
from tutelage.kit.ratings import leading_each, top_known

Finite = Annotated[float, Field(allow_inf_nan=False)]
PRESETS: dict[str, tuple[float, dict[str, float]]] = {  # as published: intercept and coefficients
    "v1": (1.0694, {"reward": -0.1498, "len": 8.257e-5, "knn_6": -0.9350}),
    "v2": (0.0274, {"reward": -0.0078, "und": 0.4421, "nat": -0.3212, "coh": -0.1520}),
}


@method
class QualityRule:
    """keep: so many replies of a prompt at most, prompts not compared; None ranks all rows together, as published.
    encoder: whose embedding the knn are distances in; None: the student's own.
    """

    preset: Literal["v1", "v2"] = "v1"
    coefficients: Mapping[str, Finite] = Field(default_factory=dict)  # indicator -> number; none: those of the preset
    intercept: Finite = 0.0  # beside coefficients of one's own
    keep: Annotated[int, Field(ge=1)] | None = None
    encoder: Annotated[Any, part("student.text.encoder")] = None

    @property
    def needs(self) -> Kinds:
        """What the indicators ask of the student."""
        return needs_of(tuple(self.rule()[1]), self.encoder)

    def rule(self) -> tuple[float, Mapping[str, float]]:
        """The intercept and the coefficients that count."""
        return (self.intercept, self.coefficients) if self.coefficients else PRESETS[self.preset]

    def costs(self, size: Size) -> Cost:
        """Neighbours, where the rule asks for them; the losses take what the student takes."""
        if self.encoder is not None:
            size = size._replace(width=self.encoder.width)
        near = [int(found[1]) for found in map(KNN.fullmatch, self.rule()[1]) if found]
        return in_turn(
            Cost(), *(together(embedding(size), neighbours(size.pool, size.pool, size.width, i)) for i in near)
        )

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        intercept, coefficients = self.rule()
        values = indicators(tuple(coefficients), view.student, view.pool, self.encoder)
        scores = intercept + values @ np.array(list(coefficients.values()))
        if self.keep is not None:
            return leading_each(view.pool, -scores, n, self.keep, rng)._replace(scores=scores)
        return top_known(view.pool, -scores, n, rng)._replace(scores=scores)
