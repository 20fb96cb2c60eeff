"""Learn from replies that were found good or bad one by one, each measured against how far the student has moved.

    v = log pi(y|x) - log ref(y|x),    ref the student before this call,    s(z) = 1 / (1 + e^-z)
    loss of a good reply = desirable * (1 - s(beta (v - z0))),    of a bad one = undesirable * (1 - s(beta (z0 - v)))
    z0 = max(0, mean over the batch of log pi(y'|x) - log ref(y'|x)),    y' replies to another prompt; no gradient

A lesson's loss is the mean over its judged replies: of Preference both, of Replies those whose reward is not 0, good
where it is positive. z0 estimates the divergence from the start, so the lessons of a batch are coupled; the replies to
other prompts come from half a block further on, the same in every pass. At the start v = z0 = 0 and every loss is 1/2.
Reading them costs a pass forward in each update, which the till is not charged.

Source: Ethayarajh et al. (2024, KTO: Model alignment as prospect theoretic optimization), section 4, the loss and the
estimate of z0; theirs takes the next lesson of the batch. `desirable` and `undesirable` are their lambdas.
Neutral limit: none that is plainer; `undesirable` 0 leaves the bad replies out.

>>> from tutelage.kit.descent import as_tensors
>>> from tutelage.toy_writer import preferences, writer
>>> from tutelage.toys import stream, view
>>> lessons = preferences([("a", "b", "c"), ("b", "c", "d")])       # prompt, chosen, rejected
>>> student = writer(stream(0, "student"))
>>> ready = Kto().prepare(lessons, view(student=student))
>>> batch = student.encode(lessons).batch(np.arange(2))._replace(prepared=as_tensors(ready))
>>> [round(loss, 4) for loss in Kto().losses(student.module, batch, stream(0, "learn")).tolist()]
[0.5, 0.5]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from accelerate.utils import send_to_device
from pydantic import Field

from tutelage.core.data import Array, Kinds, Lessons, Preference, Replies, Rng
from tutelage.core.descent import Batch, CanDescend, TokenLogprobs
from tutelage.core.method import method
from tutelage.core.stages import View, able
from tutelage.kit.reference import mismatched, reference
from tutelage.kit.replies import counts, totals


@method
class Kto:
    beta: Annotated[float, Field(gt=0)] = 0.1
    desirable: Annotated[float, Field(ge=0)] = 1.0
    undesirable: Annotated[float, Field(ge=0)] = 1.0

    accepts: ClassVar[Kinds] = frozenset({Preference, Replies})
    needs: ClassVar[Kinds] = frozenset({TokenLogprobs})
    couples: ClassVar[bool] = True

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """reference, other: (n, r) of each prompt's replies and of another prompt's; row: (n,); all_others: encoded."""
        others = mismatched(lessons)
        encoded = able(view.student, CanDescend).encode(others)
        whole = np.empty(1, dtype=object)  # the encoded lessons themselves; a batch of them is taken in each update
        whole[0] = encoded
        before, other = reference(lessons, view), reference(others, view, encoded)
        row = np.arange(len(before.totals))
        return {"reference": before.totals, "other": other.totals, "row": row, "all_others": whole}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) between 0 and the larger weight; 0 for a lesson without a judged reply."""
        total = totals(module.token_logprobs(batch))
        v = total - batch.prepared["reference"][:, : total.shape[1]]
        good, bad = _judged(batch, v)
        z = self.beta * (v - _moved(module, batch))
        loss = torch.where(good, self.desirable * torch.sigmoid(-z), self.undesirable * torch.sigmoid(z))
        judged = good | bad
        return (loss * judged).sum(dim=1) / judged.sum(dim=1).clamp(min=1)


def _judged(batch: Batch, v: Any) -> tuple[Any, Any]:
    """(b, r) which replies are good, and which bad."""
    if batch.kind is Replies:
        return batch.given["rewards"] > 0, batch.given["rewards"] < 0
    good = torch.zeros_like(v, dtype=torch.bool)
    good[:, 0] = True
    return good, ~good


def _moved(module: Any, batch: Batch) -> Any:
    """z0: how far the student has moved, on replies to other prompts."""
    others = batch.prepared["all_others"][0].batch(batch.prepared["row"].cpu().numpy())
    with torch.no_grad():
        said = module.token_logprobs(send_to_device(others, batch.weight.device))
        moved = totals(said) - batch.prepared["other"][:, : said.mask.shape[1]]
        there = counts(said) > 0
        return ((moved * there).sum() / there.sum().clamp(min=1)).clamp(min=0)
