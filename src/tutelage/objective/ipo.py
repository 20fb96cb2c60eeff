"""Identity preference optimisation: a chosen reply gains a fixed lead over the rejected one, and no more than that.

    h = (log pi(w) - log ref(w)) - (log pi(l) - log ref(l)),    w chosen, l rejected, ref the student before this call
    loss = (h - 1 / (2 beta))^2

The lead 1 / (2 beta) is reached and kept, where `dpo` goes on pushing pairs that never disagree. Log-probabilities are
sums over tokens; with `per_token` each is divided by its number of tokens, so that long replies gain no larger lead.
At the start every loss is (1 / (2 beta))^2.

Source: Azar et al. (2023), equation 17 with tau = beta, which has sums; means over tokens are what later code uses.
Neutral limit: none: no setting makes it plainer. Replies of one token each are the same with and without `per_token`.

>>> import torch
>>> from tutelage.core.descent import Said
>>> from tutelage.toys import stream
>>> class Two:
...     def token_logprobs(self, batch):
...         return Said(torch.tensor([[[-1.0], [-3.0]]]), torch.ones(1, 2, 1, dtype=torch.bool))
>>> batch = Batch(Preference, None, {}, torch.ones(1), prepared={"reference": torch.tensor([[-2.0, -2.0]])})
>>> Ipo(beta=0.1).losses(Two(), batch, stream(0, "learn")).tolist()     # a lead of 2, wanted 5
[9.0]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from tutelage.core.data import Array, Kinds, Lessons, Preference, Rng
from tutelage.core.descent import Batch, TokenLogprobs
from tutelage.core.method import method
from tutelage.core.stages import View
from tutelage.kit.reference import reference
from tutelage.kit.replies import counts, totals


@method
class Ipo:
    beta: Annotated[float, Field(gt=0)] = 0.1  # the lead is 1 / (2 beta) nats
    per_token: bool = False  # leads of the mean over a reply's tokens

    accepts: ClassVar[Kinds] = frozenset({Preference})
    needs: ClassVar[Kinds] = frozenset({TokenLogprobs})
    couples: ClassVar[bool] = False

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """reference: (n, 2) log-probabilities under the student as it stands."""
        return {"reference": reference(lessons, view).totals}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) in nats squared."""
        said = module.token_logprobs(batch)
        ratios = totals(said) - batch.prepared["reference"][:, :2]
        if self.per_token:
            ratios = ratios / counts(said).clamp(min=1)
        return (ratios[:, 0] - ratios[:, 1] - 1 / (2 * self.beta)) ** 2
