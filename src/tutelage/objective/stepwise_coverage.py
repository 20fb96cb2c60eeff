"""Trains for step-by-step search: each step of an answer is to be among N drawn candidates, however long the whole is.

    loss = - (1 / T) sum_s log(1 - (1 - p_s)^N),    p_s = product over the tokens of step s,    T = tokens of all steps

A step is an unbroken run of tokens that carry loss: each learnt turn of a conversation is one (a turn with `learn`, and
the reply itself), what is said in between belongs to none. Where every step is a lesson of its own, a row of the pool
with the state so far as its prompt, `direct_coverage` with the same n is this. N is the branching that a search is to
count on: an answer of k steps is found by about N^k drawn in all, so a small N makes for deep, narrow search.

A lesson is dead, and another takes its place, where the F (objective/direct_coverage) of each of its steps is <= eps.

Source: Chen et al. (2025), Rethinking fine-tuning when scaling test-time compute (arXiv 2502.07154), step-wise DCO for
tree search of proofs; there every tactic is a lesson and a mean over its own tokens.
Neutral limit: with one step it is direct_coverage on the same reply; with n 1 the mean surprise of all tokens.

>>> import torch
>>> from tutelage.toys import stream
>>> class Two:
...     def token_logprobs(self, batch):             # two steps of p = 1/4, a turn of the user between them
...         logs = torch.log(torch.tensor([0.5, 0.5, 1.0, 0.25]))
...         return Said(logs[None, None], torch.tensor([True, True, False, True])[None, None])
>>> batch = Batch(Text, None, {}, torch.ones(1))
>>> loss = StepwiseCoverage(n=2).losses(Two(), batch, stream(0, "learn"))
>>> round(loss.item(), 4)                            # 2/3 log(1 / (1 - (3/4)^2))
0.5511
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field

from tutelage.core.data import Array, Kinds, Lessons, Rng, Text
from tutelage.core.descent import Batch, Said, TokenLogprobs
from tutelage.core.method import method
from tutelage.core.stages import View
from tutelage.kit.coverage import factor, missed


@method
class StepwiseCoverage:
    """n: candidates drawn for each step."""

    n: Annotated[int, Field(ge=1)] = 8
    eps: Annotated[float, Field(ge=0, lt=1)] = 0.1

    accepts: ClassVar[Kinds] = frozenset({Text})
    needs: ClassVar[Kinds] = frozenset({TokenLogprobs})
    couples: ClassVar[bool] = False

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """Nothing."""
        return {}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) in nats per token."""
        said = module.token_logprobs(batch)
        nll, tokens = steps(said)
        return (missed(nll, self.n).sum(dim=1) / tokens.sum(dim=1).clamp(min=1)).to(said.logprobs.dtype)

    @property
    def skipping(self) -> bool:
        """With n 1 F is 1 for every step."""
        return self.eps > 0 and self.n > 1

    def skips(self, module: Any, batch: Batch) -> Any:
        """(b,) bool: no step has more to learn."""
        nll, tokens = steps(module.token_logprobs(batch))
        live = (factor(-nll, self.n) > self.eps) & (tokens > 0)
        return ~live.any(dim=1)


def steps(said: Said) -> tuple[Any, Any]:
    """(b, S) -log p of each step, in double precision, and its number of tokens; 0 tokens: there are fewer steps."""
    mask = said.mask[:, 0]
    begins = mask.clone()
    begins[:, 1:] &= ~mask[:, :-1]
    number = torch.cumsum(begins, dim=1)  # 1, 2, ...: of the run that a token is in; 0 before the first
    count = int(number.max()) + 1 if number.numel() else 1
    nll, tokens = (torch.zeros(len(mask), count, dtype=torch.float64, device=mask.device) for _ in range(2))
    own = -(said.logprobs[:, 0].double() * mask)
    return nll.scatter_add(1, number, own)[:, 1:], tokens.scatter_add(1, number, mask.double())[:, 1:]
