"""Make good replies likely and the tokens of bad ones unlikely, one by one.

    loss = - mean over tokens of good replies of log p_t  -  weight * mean over tokens of bad replies of log(1 - p_t)

p_t is the probability of token t after what stands before it. Of Preference the chosen reply is good, the rejected one
bad; of Replies those of positive reward are good, those of negative reward bad, and 0 counts for neither. A token surer
than 1 - 1e-5 counts as that sure. A bad reply loses probability wherever it is said, also in tokens that a good one
would share: give it where it differs.

Source: Welleck et al. (2020), section 5, with the tokens of bad replies as the candidates, as in their section 5.2 and
in Li et al. (2020, Don't say that! Making inconsistent dialogue unlikely with unlikelihood training).
Neutral limit: weight 0 is the negative log-likelihood of the good replies' mean token.

>>> import torch
>>> from tutelage.core.descent import Said
>>> from tutelage.toys import stream
>>> class Two:
...     def token_logprobs(self, batch):
...         return Said(torch.tensor([[[0.5], [0.75]]]).log(), torch.ones(1, 2, 1, dtype=torch.bool))
>>> batch = Batch(Preference, None, {}, torch.ones(1))
>>> [round(loss, 4) for loss in Unlikelihood().losses(Two(), batch, stream(0, "learn")).tolist()]     # log 2 + log 4
[2.0794]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field

from tutelage.core.data import Array, Kinds, Lessons, Preference, Replies, Rng
from tutelage.core.descent import Batch, TokenLogprobs
from tutelage.core.method import method
from tutelage.core.stages import View
from tutelage.kit.replies import log_not


@method
class Unlikelihood:
    weight: Annotated[float, Field(ge=0)] = 1.0

    accepts: ClassVar[Kinds] = frozenset({Preference, Replies})
    needs: ClassVar[Kinds] = frozenset({TokenLogprobs})
    couples: ClassVar[bool] = False

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """Nothing: the replies say it all."""
        return {}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) in nats a token; 0 for a lesson whose replies are neither good nor bad."""
        said = module.token_logprobs(batch)
        signs = _signs(batch, said.mask)[:, :, None]
        loss = -_mean(said.logprobs, said.mask & (signs > 0))
        bad = said.mask & (signs < 0)
        # where no token is bad, a certain one would have a gradient that is no number
        return loss - self.weight * _mean(log_not(torch.where(bad, said.logprobs, -1.0)), bad)


def _signs(batch: Batch, mask: Any) -> Any:
    """(b, r) above 0 where a reply is good, below where it is bad."""
    if batch.kind is Replies:
        return batch.given["rewards"]
    return torch.tensor([1.0, -1.0], device=mask.device).expand(len(mask), 2)


def _mean(values: Any, where: Any) -> Any:
    """(b,) over the marked tokens of each lesson, 0 where none is marked."""
    return (values * where).sum(dim=(1, 2)) / where.sum(dim=(1, 2)).clamp(min=1)
