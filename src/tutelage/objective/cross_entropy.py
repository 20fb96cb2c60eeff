"""The usual loss of a classifier: how surprised it is by the label, or by the distribution, that the lesson gives.

    loss = - sum_c q'_c log p_c,    p = softmax(scores / temperature),    q' = (1 - smoothing) q + smoothing / C

q is the lesson's distribution, 1 at its label. C are all classes, or with `over: lesson_labels` only those that occur
in the lessons of this call, rehearsed ones included: the scores of the others are left alone, so that what was learned
about absent classes is not pushed down.

Source: smoothing: Szegedy et al. (2016), section 7; temperature: Hinton, Vinyals and Dean (2015), section 2, here
without their factor of its square; the classes of one task alone: Zhang et al. (2023, SLCA), the slow learner's loss.
Neutral limit: it is one: smoothing 0, temperature 1, all classes; objectives with a weight become it at weight 0.

>>> import torch
>>> from tutelage.toys import stream
>>> class Two:
...     def scores(self, batch):
...         return torch.tensor([[0.0, 0.0], [2.0, 0.0]])
>>> batch = Batch(Label, None, {"label": torch.tensor([0, 0])}, torch.ones(2))
>>> [round(loss, 4) for loss in CrossEntropy().losses(Two(), batch, stream(0, "learn")).tolist()]
[0.6931, 0.1269]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field

from tutelage.core.data import Array, Kinds, Label, Lessons, Rng, Soft
from tutelage.core.descent import Batch, Scores
from tutelage.core.method import method
from tutelage.core.stages import View
from tutelage.kit.distributions import distribution


@method
class CrossEntropy:
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    temperature: Annotated[float, Field(gt=0)] = 1.0
    over: Literal["all", "lesson_labels"] = "all"  # which classes share the probability

    accepts: ClassVar[Kinds] = frozenset({Label, Soft})
    needs: ClassVar[Kinds] = frozenset({Scores})
    couples: ClassVar[bool] = False

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """The classes that occur, ascending, where only they share the probability."""
        if self.over == "all":
            return {}
        found = [np.zeros(0, dtype=np.int64)]
        for block in lessons:
            codes = block.given["label"] if block.kind is Label else np.flatnonzero(block.given["probs"].max(axis=0))
            found.append(codes)
        return {"all_labels": np.unique(np.concatenate(found))}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) in nats. ContractBroken for a label that the module does not know."""
        scores = module.scores(batch) / self.temperature
        wanted = distribution(batch, scores)
        if "all_labels" in batch.prepared:
            scores, wanted = (table[:, batch.prepared["all_labels"]] for table in (scores, wanted))
        if self.smoothing:
            wanted = (1 - self.smoothing) * wanted + self.smoothing / scores.shape[1]
        return -(wanted * torch.log_softmax(scores, dim=1)).sum(dim=1)
