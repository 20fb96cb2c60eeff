"""Learn from several right answers to one prompt: from each, or from their probability taken together.

    mle_aug      loss = - sum_y log P(y)
    mml          loss = - log sum_y P(y)
    beta_mml     loss = - (1 / beta) log sum_y P(y)^beta

over the replies y whose reward is positive; log P is the sum over a reply's tokens. The gradient of a reply is weighted
with 1; with its posterior P(y) / sum P, so that what is likely becomes likelier; with P(y)^beta / sum P^beta. With
`length_norm` log P(y) is divided by the reply's length and multiplied by the longest of the lesson, so that short ones,
beginnings above all, are not favoured. A lesson without such a reply has loss 0.

Source: Ni et al. (2023, Learning math reasoning from self-sampled correct and partially-correct solutions), where they
learn from several targets; `length_norm`: their code. `ends` of a reply says whether its end is taught.
Neutral limit: with one reply all modes are its negative log-likelihood; beta = 1 is mml; as beta goes to 0, the
gradient of beta_mml is that of mle_aug divided by the number of replies.

>>> import torch
>>> from tutelage.core.descent import Said
>>> from tutelage.toys import stream
>>> class Three:
...     def token_logprobs(self, batch):
...         return Said(torch.tensor([[[0.5], [0.25], [0.2]]]).log(), torch.ones(1, 3, 1, dtype=torch.bool))
>>> batch = Batch(Replies, None, {"rewards": torch.tensor([[1.0, 1.0, -1.0]])}, torch.ones(1))
>>> [round(loss, 4) for loss in MultiTarget(mode="mml").losses(Three(), batch, stream(0, "learn")).tolist()]  # log 4/3
[0.2877]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field

from tutelage.core.data import Array, Kinds, Lessons, Replies, Rng
from tutelage.core.descent import Batch, TokenLogprobs
from tutelage.core.method import method
from tutelage.core.stages import View
from tutelage.kit.replies import counts, totals


@method
class MultiTarget:
    mode: Literal["mle_aug", "mml", "beta_mml"] = "beta_mml"
    beta: Annotated[float, Field(gt=0, le=1)] = 0.25  # of beta_mml
    length_norm: bool = False

    accepts: ClassVar[Kinds] = frozenset({Replies})
    needs: ClassVar[Kinds] = frozenset({TokenLogprobs})
    couples: ClassVar[bool] = False

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """Nothing: the replies say it all."""
        return {}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) in nats."""
        said = module.token_logprobs(batch)
        wanted, total = batch.given["rewards"] > 0, totals(said)
        if self.length_norm:
            tokens = counts(said) * wanted
            total = total / tokens.clamp(min=1) * tokens.amax(dim=1, keepdim=True)
        if self.mode == "mle_aug":
            return -(total * wanted).sum(dim=1)
        beta = 1.0 if self.mode == "mml" else self.beta
        some = wanted.any(dim=1)
        # a lesson without a target is given one of probability 1: loss 0, and no gradient that is no number
        each = torch.where(wanted, beta * total, -torch.inf)
        each = torch.where(some[:, None], each, torch.zeros_like(each))
        return torch.where(some, -torch.logsumexp(each, dim=1) / beta, torch.zeros_like(total[:, 0]))
