"""Preference without a reference: the chosen reply's mean token leads the rejected one's by a margin.

    loss = - log s( beta (mean log pi(w) - mean log pi(l)) - margin ),    w chosen, l rejected, s(z) = 1 / (1 + e^-z)

Means over each reply's tokens are what a student reads off when it writes, and they give length no advantage. Nothing
holds the student to where it began but the learner's rate.

Source: Meng, Xia and Chen (2024), equation 6; their gamma is `margin`. The default has their ratio gamma / beta = 1/2.
Neutral limit: none that is plainer; margin 0 is the loss of `dpo` with means in the place of sums and no reference.

>>> import torch
>>> from tutelage.core.descent import Said
>>> from tutelage.toys import stream
>>> class Two:
...     def token_logprobs(self, batch):
...         return Said(torch.tensor([[[-1.0], [-2.0]]]), torch.ones(1, 2, 1, dtype=torch.bool))
>>> batch = Batch(Preference, None, {}, torch.ones(1))
>>> [round(loss, 4) for loss in Simpo().losses(Two(), batch, stream(0, "learn")).tolist()]     # log(1 + 1/e)
[0.3133]
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
from tutelage.kit.replies import means


@method
class Simpo:
    beta: Annotated[float, Field(gt=0)] = 2.0
    margin: Annotated[float, Field(ge=0)] = 1.0

    accepts: ClassVar[Kinds] = frozenset({Preference})
    needs: ClassVar[Kinds] = frozenset({TokenLogprobs})
    couples: ClassVar[bool] = False

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """Nothing: there is no reference."""
        return {}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) in nats."""
        mean = means(module.token_logprobs(batch))
        return -logsigmoid(self.beta * (mean[:, 0] - mean[:, 1]) - self.margin)
