"""Learn the chosen reply and push the odds of the rejected one down, in one go and without a reference.

    loss = - a_w - weight * log s( log odds(a_w) - log odds(a_l) ),    log odds(a) = a - log(1 - e^a)

a is the mean log-probability of a reply's tokens, w the chosen, l the rejected one, s(z) = 1 / (1 + e^-z). The first
part is the ordinary loss of the chosen reply, so this needs no learning from texts before it. A reply whose mean token
is surer than 1 - 1e-5 counts as that sure.

Source: Hong, Lee and Thorne (2024), equations 6 and 7; `weight` is their lambda, 0.1 in their runs.
Neutral limit: weight 0 is the negative log-likelihood of the chosen reply's mean token.

>>> import torch
>>> from tutelage.core.descent import Said
>>> from tutelage.toys import stream
>>> class Two:
...     def token_logprobs(self, batch):
...         return Said(torch.tensor([[[0.75], [0.5]]]).log(), torch.ones(1, 2, 1, dtype=torch.bool))
>>> batch = Batch(Preference, None, {}, torch.ones(1))
>>> [round(loss, 4) for loss in Orpo(weight=1).losses(Two(), batch, stream(0, "learn")).tolist()]     # log 4/3, twice
[0.5754]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field
from torch.nn.functional import logsigmoid

from tutelage.core.data import Array, Kinds, Lessons, Preference, Rng
from tutelage.core.descent import Batch, TokenLogprobs
from tutelage.core.method import method
from tutelage.core.stages import View
from tutelage.kit.replies import log_not, means


@method
class Orpo:
    weight: Annotated[float, Field(ge=0)] = 0.1

    accepts: ClassVar[Kinds] = frozenset({Preference})
    needs: ClassVar[Kinds] = frozenset({TokenLogprobs})
    couples: ClassVar[bool] = False

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """Nothing: there is no reference."""
        return {}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) in nats."""
        mean = means(module.token_logprobs(batch))
        odds = mean - log_not(mean)
        return -mean[:, 0] - self.weight * logsigmoid(odds[:, 0] - odds[:, 1])
