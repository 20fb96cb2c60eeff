"""Distillation: match a teacher's whole distribution, softened by a temperature so that its small values count.

    loss = tau^2 KL(q_tau || p_tau),    p_tau = softmax(scores / tau),    q_tau = q^(1/tau) / sum q^(1/tau)

q is the lesson's distribution. The factor tau^2 keeps the size of the gradient about the same whatever the temperature.
To learn from hard labels beside it, teach them too: `by_kind` gives each kind its objective, lessons have weights.

Source: Hinton, Vinyals and Dean (2015), section 2; q^(1/tau), normalised, is the softmax of the teacher's scores / tau.
Neutral limit: temperature 1 is `cross_entropy` less the entropy of q, which no weight can change: the same gradient.

>>> import torch
>>> from tutelage.toys import stream
>>> class One:
...     def scores(self, batch):
...         return torch.tensor([[0.0, 0.0]])
>>> batch = Batch(Soft, None, {"probs": torch.tensor([[0.8, 0.2]])}, torch.ones(1))      # 4 : 1 softens to 2 : 1
>>> [round(loss, 4) for loss in SoftTargets(temperature=2).losses(One(), batch, stream(0, "learn")).tolist()]
[0.2265]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field

from tutelage.core.data import Array, Kinds, Lessons, Rng, Soft
from tutelage.core.descent import Batch, Scores
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.stages import View


@method
class SoftTargets:
    temperature: Annotated[float, Field(ge=1)] = 2.0

    accepts: ClassVar[Kinds] = frozenset({Soft})
    needs: ClassVar[Kinds] = frozenset({Scores})
    couples: ClassVar[bool] = False

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """Nothing: the lessons say it all."""
        return {}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) in nats times the square of the temperature. Classes that a lesson does not know have probability 0."""
        scores = module.scores(batch)
        probs = batch.given["probs"].to(scores.dtype)
        known, classes = probs.shape[1], scores.shape[1]
        if known > classes and bool(probs[:, classes:].any()):
            raise ContractBroken(f"a lesson is about {known} classes, the module knows {classes}")
        wanted = torch.zeros_like(scores)
        wanted[:, : min(known, classes)] = probs[:, :classes] ** (1 / self.temperature)
        wanted = wanted / wanted.sum(dim=1, keepdim=True)
        said = torch.log_softmax(scores / self.temperature, dim=1)
        return self.temperature**2 * (torch.xlogy(wanted, wanted) - wanted * said).sum(dim=1)
