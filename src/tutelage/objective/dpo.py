"""Direct preference optimisation: the chosen reply becomes likelier than the rejected one, as seen from the start.

    h = (log pi(w) - log ref(w)) - (log pi(l) - log ref(l)),    w chosen, l rejected, ref the student before this call
    loss = -(1 - smoothing) log s(beta h) - smoothing log s(-beta h) + sft * nll,    s(z) = 1 / (1 + e^-z)

Log-probabilities are sums over tokens; nll is that of the chosen reply under pi, a mean over its tokens. `smoothing` is
the share of pairs that may be the wrong way round. At the start every loss is log 2, whatever the student.

Source: Rafailov et al. (2023), equation 7; smoothing: Mitchell (2023), the conservative form; the added likelihood:
Pang et al. (2024, Iterative reasoning preference optimization), equation 1, here over the reply's tokens alone.
Neutral limit: none that is plainer; as beta goes to 0 the gradient is that of -beta h / 2 + sft * nll. Smoothing 1/2
makes chosen and rejected exchangeable.

>>> import torch
>>> from tutelage.core.descent import Said
>>> from tutelage.toys import stream
>>> class Two:
...     def token_logprobs(self, batch):
...         return Said(torch.tensor([[[-1.0], [-3.0]]]), torch.ones(1, 2, 1, dtype=torch.bool))
>>> batch = Batch(Preference, None, {}, torch.ones(1), prepared={"reference": torch.tensor([[-2.0, -2.0]])})
>>> [round(loss, 4) for loss in Dpo(beta=0.5).losses(Two(), batch, stream(0, "learn")).tolist()]     # log(1 + 1/e)
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
from tutelage.kit.reference import reference
from tutelage.kit.replies import means, totals


@method
class Dpo:
    beta: Annotated[float, Field(gt=0)] = 0.1  # how closely the student is held to where it began, per nat
    smoothing: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    sft: Annotated[float, Field(ge=0)] = 0.0  # weight of the chosen reply's own likelihood

    accepts: ClassVar[Kinds] = frozenset({Preference})
    needs: ClassVar[Kinds] = frozenset({TokenLogprobs})
    couples: ClassVar[bool] = False

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """reference: (n, 2) log-probabilities under the student as it stands."""
        return {"reference": reference(lessons, view).totals}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) in nats."""
        said = module.token_logprobs(batch)
        ratios = totals(said) - batch.prepared["reference"][:, :2]
        z = self.beta * (ratios[:, 0] - ratios[:, 1])
        loss = -(1 - self.smoothing) * logsigmoid(z) - self.smoothing * logsigmoid(-z)
        return loss - self.sft * means(said)[:, 0] if self.sft else loss
