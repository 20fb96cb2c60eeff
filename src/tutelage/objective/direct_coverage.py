"""Trains for search at answer time: the loss that N drawn answers all miss, so that confidence stops at about 1 / N.

    loss = -log(1 - (1 - p)^N) / T,    its slope = F * slope of (-log p / T),    F = N p (1-p)^(N-1) / (1 - (1-p)^N)

p is the probability of the whole answer: of a written one the product over its T tokens, of a class its own (T = 1), a
Soft lesson weighs the classes. F is 1 for p far below 1 / N and vanishes far above it, so an answer that N draws will
find anyway pulls no more. `series` takes the authors' approximation of F where N p < 0.1; F is exact without it.

Replies: p is the share of a prompt's replies that are right (reward above 0), which N draws of a whole chain of thought
reach, and -log p is the mean over the right ones of their mean token surprise: its slope, since the right replies are
draws from what leads to the answer. A prompt without a right reply, or without any, has loss 0.

Lessons with F <= eps are dead: `learn/gradient` looks at each lesson in turn, leaves the dead out of its batches and
lets the next ones take their places (eps 0: all stay). Replies without a right one are left out then as well. Where all
lessons begin dead nothing is learned: ten classes start at p = 0.1, which for n = 64 is F = 0.008, so eps has to be 0.

Source: Chen et al. (2025), Rethinking fine-tuning when scaling test-time compute (arXiv 2502.07154); F, its series
and the mean over tokens as in their code, refine/training/NCO.py; replies: their DCO_a, which learns a given solution
where this learns the right replies.
Neutral limit: n 1 is cross_entropy with its defaults, or the mean surprise of a reply's tokens, bit for bit.

>>> import torch
>>> from tutelage.toys import stream
>>> class Two:
...     def scores(self, batch):
...         return torch.tensor([[0.0, 0.0], [2.0, 0.0]])
>>> batch = Batch(Label, None, {"label": torch.tensor([0, 0])}, torch.ones(2))
>>> part = DirectCoverage(n=4)
>>> [round(loss, 4) for loss in part.losses(Two(), batch, stream(0, "learn")).tolist()]   # p = 0.5 and 0.88
[0.0645, 0.0002]
>>> part.skips(Two(), batch).tolist()                                                     # F = 0.13 and 0.006
[False, True]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field

from tutelage.core.data import Array, Kinds, Label, Lessons, Replies, Rng, Soft, Supervision, Text
from tutelage.core.descent import Batch, Said, Scores, TokenLogprobs
from tutelage.core.method import method
from tutelage.core.stages import View
from tutelage.kit.coverage import factor, missed
from tutelage.kit.distributions import distribution

BY_CLASS = frozenset({Label, Soft})


@method
class DirectCoverage:
    """n: answers drawn at answer time."""

    n: Annotated[int, Field(ge=1)] = 16
    eps: Annotated[float, Field(ge=0, lt=1)] = 0.1
    series: bool = False

    accepts: ClassVar[Kinds] = frozenset({Label, Soft, Text, Replies})
    needs: ClassVar[Kinds] = frozenset()
    faces: ClassVar[Mapping[type[Supervision], Kinds]] = {
        Label: frozenset({Scores}), Soft: frozenset({Scores}),
        Text: frozenset({TokenLogprobs}), Replies: frozenset({TokenLogprobs}),
    }  # fmt: skip
    couples: ClassVar[bool] = False

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """Nothing."""
        return {}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) in nats, of written answers per token."""
        if batch.kind in BY_CLASS:
            nll, wanted = _classes(module, batch)
            return (wanted * missed(nll, self.n, self.series)).sum(dim=1)
        said = module.token_logprobs(batch)
        nll, tokens = whole(said)
        if batch.kind is Text:
            return (missed(nll, self.n, self.series) / tokens)[:, 0].to(said.logprobs.dtype)
        right, share = _right(said, batch)
        own = (nll / tokens * right).sum(dim=1) / right.sum(dim=1).clamp(min=1)
        return (factor(torch.log(share), self.n, self.series) * own).to(said.logprobs.dtype)

    @property
    def skipping(self) -> bool:
        """With n 1 F is 1 for everyone."""
        return self.eps > 0 and self.n > 1

    def skips(self, module: Any, batch: Batch) -> Any:
        """(b,) bool: dead by this module's p, or by the share of right replies."""
        if batch.kind in BY_CLASS:
            nll, wanted = _classes(module, batch)
            return (wanted * factor(-nll, self.n, self.series)).sum(dim=1) <= self.eps
        said = module.token_logprobs(batch)
        if batch.kind is Text:
            return factor(-whole(said)[0][:, 0], self.n, self.series) <= self.eps
        right, share = _right(said, batch)
        return ~right.any(dim=1) | (factor(torch.log(share), self.n, self.series) <= self.eps)


def whole(said: Said) -> tuple[Any, Any]:
    """(b, r) -log p of each whole reply, in double precision, and its number of tokens, at least 1."""
    return -(said.logprobs.double() * said.mask).sum(dim=2), said.mask.sum(dim=2).clamp(min=1)


def _classes(module: Any, batch: Batch) -> tuple[Any, Any]:
    """(b, C) -log p of each class, and the lessons' distribution."""
    scores = module.scores(batch)
    return -torch.log_softmax(scores, dim=1), distribution(batch, scores)


def _right(said: Said, batch: Batch) -> tuple[Any, Any]:
    """(b, k) which replies are there and right, and (b,) their share of those that are there."""
    rewards = batch.given["rewards"]
    right = (rewards > 0) & said.mask.any(dim=2)  # the reward of an absent one is NaN, which is above nothing
    there = (~torch.isnan(rewards)).sum(dim=1).clamp(min=1)
    return right, right.sum(dim=1).double() / there
