"""Policy gradient without a critic: a reply counts by how its reward stands out among the replies to the same prompt.

    A_i = (r_i - mean r) / (std r + 1e-4) over the lesson's replies, 0 where all rewards are equal
    rho_t = p_t / old_t,    old the student before this call
    loss = mean_i mean_t [ - min(rho_t A_i, cut(rho_t) A_i)  +  kl (old_t / p_t - log(old_t / p_t) - 1) ]

cut holds rho between 1 - clip and 1 + clip. The replies are to be the student's own, sampled and rewarded just before
(a round of teaching); then old is what wrote them, and `kl` holds the student to it within one call. `scale: none`
leaves the division by std out, so that prompts on which nearly all replies agree do not pull harder.

Source: Shao et al. (2024, DeepSeekMath), equation 3, with the divergence of equation 4 to the policy at the start of an
outer iteration (algorithm 1); scale none: Liu et al. (2025, Understanding R1-Zero-like training), section 3.
Neutral limit: none that is plainer; at the start rho = 1, the loss is minus the mean advantage, 0 when every reply
counts, and the gradient is that of REINFORCE with the group's mean as the baseline.

>>> import torch
>>> from tutelage.core.descent import Said
>>> from tutelage.toys import stream
>>> class Two:
...     def token_logprobs(self, batch):
...         return Said(torch.tensor([[[0.6], [0.5]]]).log(), torch.ones(1, 2, 1, dtype=torch.bool))
>>> old = torch.tensor([[[0.4], [0.5]]]).log()                  # ratios 1.5, cut to 1.2, and 1
>>> batch = Batch(Replies, None, {"rewards": torch.tensor([[1.0, 0.0]])}, torch.ones(1), prepared={"old": old})
>>> [round(loss, 3) for loss in Grpo().losses(Two(), batch, stream(0, "learn")).tolist()]     # -(1.2 - 1) / 2
[-0.1]
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
from tutelage.kit.reference import token_reference
from tutelage.kit.replies import packed

LEAST = 1e-4  # added to the standard deviation, so that rewards that hardly differ are not blown up


@method
class Grpo:
    clip: Annotated[float, Field(gt=0, lt=1)] = 0.2
    kl: Annotated[float, Field(ge=0)] = 0.0
    scale: Literal["std", "none"] = "std"

    accepts: ClassVar[Kinds] = frozenset({Replies})
    needs: ClassVar[Kinds] = frozenset({TokenLogprobs})
    couples: ClassVar[bool] = False

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """old: (n, r, t) log-probabilities of the tokens under the student as it stands."""
        return {"old": token_reference(lessons, view)}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) without a unit; may be negative."""
        said = packed(module.token_logprobs(batch))
        r, t = said.mask.shape[1:]
        away = said.logprobs - batch.prepared["old"][:, :r, :t]
        advantage = self._advantages(batch.given["rewards"])[:, :, None]
        ratio = torch.exp(away)
        cut = ratio.clamp(1 - self.clip, 1 + self.clip)
        each = -torch.minimum(ratio * advantage, cut * advantage)
        if self.kl:
            each = each + self.kl * (torch.exp(-away) + away - 1)
        tokens = said.mask.sum(dim=2)
        reply = (each * said.mask).sum(dim=2) / tokens.clamp(min=1)
        return reply.sum(dim=1) / (tokens > 0).sum(dim=1).clamp(min=1)

    def _advantages(self, rewards: Any) -> Any:
        """(b, r) 0 for absent replies, whose reward is NaN."""
        there = ~torch.isnan(rewards)
        number = there.sum(dim=1, keepdim=True).clamp(min=1)
        held = torch.where(there, rewards, 0.0)
        away = torch.where(there, rewards - held.sum(dim=1, keepdim=True) / number, 0.0)
        if self.scale == "std":
            away = away / ((away**2).sum(dim=1, keepdim=True) / number).sqrt().add(LEAST)
        highest = torch.where(there, rewards, -torch.inf).amax(dim=1, keepdim=True)
        return torch.where((rewards < highest).any(dim=1, keepdim=True), away, 0.0)
