"""Believe where the weak label and the student's own guess agree: their product, renormalised, is the target.

    loss = - (1 / beta) log sum_c v_c p_c^beta,    v_c = w_c^alpha / sum_k w_k^alpha,    p = softmax(scores)

w is the lesson's distribution. The gradient by the scores is p - q with q_c in proportion to p_c^beta w_c^alpha: just
that of the cross entropy with q as a target held constant, which is how the authors' code puts it. Here the loss is a
function of the scores, so that its value falls as it is minimised.

Source: the loss called product in the authors' repository of Burns et al. (2023), Weak-to-strong generalization; it is
not in the paper. alpha and beta are 1 there.
Neutral limit: beta 0 is `cross_entropy` on w^alpha renormalised, the limit of the above; alpha 0 and beta 1 is no
lesson at all: the loss is the same whatever the student says.

>>> import torch
>>> from tutelage.toys import stream
>>> class Two:
...     def scores(self, batch):
...         return torch.tensor([[0.75, 0.25]]).log()
>>> batch = Batch(Soft, None, {"probs": torch.tensor([[0.2, 0.8]])}, torch.ones(1))
>>> Product().losses(Two(), batch, stream(0, "learn")).exp()      # 1 / (0.2 * 0.75 + 0.8 * 0.25)
tensor([2.8571])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field

from tutelage.core.data import Array, Kinds, Label, Lessons, Rng, Soft
from tutelage.core.descent import Batch, Scores
from tutelage.core.method import method
from tutelage.core.stages import View
from tutelage.kit.distributions import distribution


@method
class Product:
    """alpha: how much the weak label counts. beta: how much the student's own guess counts."""

    alpha: Annotated[float, Field(ge=0)] = 1.0
    beta: Annotated[float, Field(ge=0)] = 1.0

    accepts: ClassVar[Kinds] = frozenset({Label, Soft})
    needs: ClassVar[Kinds] = frozenset({Scores})
    couples: ClassVar[bool] = False

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """Nothing."""
        return {}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) in nats. ContractBroken for a label that the module does not know."""
        scores = module.scores(batch)
        weak, logs = distribution(batch, scores) ** self.alpha, torch.log_softmax(scores, dim=1)
        weak = weak / weak.sum(dim=1, keepdim=True)
        if self.beta == 0:
            return -(weak * logs).sum(dim=1)
        return -torch.logsumexp(weak.log() + self.beta * logs, dim=1) / self.beta
