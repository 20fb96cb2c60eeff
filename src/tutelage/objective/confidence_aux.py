"""Trust the weak labels less and the student's own hardened guesses more, so that it need not copy their mistakes.

    loss = - sum_c q'_c log p_c,    q' = (1 - a) w + a h,    p = softmax(scores),  h a constant of the step

w is the lesson's distribution and h the student's own guess as 0 and 1, made so that each class gets its share of the
batch: of two classes h is class 0 where p_0 >= t, t the quantile of the batch's p_0 at the level of the mean weak
probability of class 1; of more, h is the assignment of lessons to classes of greatest total log p in which class c
gets its mean weak probability of the b lessons, rounded to whole ones. The threshold of 0.5 would let one class
swallow the others. The batch comes whole: the shares of a small one say little, so use 32 lessons or more.

    a = weight min(1, progress / warm_up)     ramp: linear
    a = weight progress while progress <= warm_up, then weight     ramp: jump

Source: Burns et al. (2023), Weak-to-strong generalization, section 4.3.2 and its appendix (the loss; weight 0.5, 0.75
for the largest students; a rises linearly over the first fifth of training); the threshold by the weak labels' balance,
and `jump` with warm_up 0.1, as in the authors' repository, which knows two classes only. More are our extension.
Neutral limit: weight 0 is `cross_entropy`.

>>> import torch
>>> from tutelage.toys import stream
>>> class Two:
...     def scores(self, batch):
...         return torch.tensor([[2.0, 0.0], [1.0, 0.0]])
>>> batch = Batch(Soft, None, {"probs": torch.tensor([[0.5, 0.5], [0.5, 0.5]])}, torch.ones(2), progress=0.5)
>>> [round(loss, 4) for loss in ConfidenceAux().losses(Two(), batch, stream(0, "learn")).tolist()]  # the second is a 1
[0.6269, 1.0633]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from scipy.optimize import linear_sum_assignment

from tutelage.core.data import Array, Ints, Kinds, Label, Lessons, Rng, Soft
from tutelage.core.descent import Batch, Scores
from tutelage.core.method import method
from tutelage.core.stages import View
from tutelage.kit.distributions import distribution


@method
class ConfidenceAux:
    """weight: the share of the student's own guesses in the end. warm_up: a share of the updates."""

    weight: Annotated[float, Field(ge=0, le=1)] = 0.5
    warm_up: Annotated[float, Field(ge=0, le=1)] = 0.2
    ramp: Literal["linear", "jump"] = "linear"

    accepts: ClassVar[Kinds] = frozenset({Label, Soft})
    needs: ClassVar[Kinds] = frozenset({Scores})
    couples: ClassVar[bool] = True

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """Nothing."""
        return {}

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) in nats. ContractBroken for a label that the module does not know."""
        scores = module.scores(batch)
        weak, a = distribution(batch, scores), self.share(batch.progress)
        logs = torch.log_softmax(scores, dim=1)
        if a == 0:
            return -(weak * logs).sum(dim=1)
        return -(((1 - a) * weak + a * hardened(logs, weak)) * logs).sum(dim=1)

    def share(self, progress: float) -> float:
        """How much of the target is the student's own guess by now."""
        if self.ramp == "jump":
            return self.weight * (1.0 if progress > self.warm_up else progress)
        return self.weight * (min(1.0, progress / self.warm_up) if self.warm_up else 1.0)


def hardened(logs: Any, weak: Any) -> Any:
    """(b, C) of 0 and 1, one 1 a row: the student's guesses with as many of each class as the weak labels have.

    logs: (b, C) the student's log-probabilities. No gradient goes through it.
    """
    logs, mean = logs.detach(), weak.mean(dim=0)
    if logs.shape[1] == 2:
        first = logs[:, 0].double().exp()
        positive = first >= torch.quantile(first, mean[1].double().clamp(0, 1))
        return torch.stack([positive, ~positive], dim=1).to(logs.dtype)
    counts = shared(mean.cpu().double().numpy(), len(logs))
    seats = np.repeat(np.arange(len(counts)), counts)  # (b,) the class of each place
    rows, places = linear_sum_assignment(logs.cpu().double().numpy()[:, seats], maximize=True)
    made = torch.zeros_like(logs)
    made[torch.from_numpy(rows), torch.from_numpy(seats[places])] = 1.0
    return made


def shared(mean: Array, size: int) -> Ints:
    """(C,) whole numbers that sum to `size`, each within 1 of size * mean: the largest remainders are rounded up.

    >>> shared(np.array([0.5, 0.3, 0.2]), 4).tolist()
    [2, 1, 1]
    """
    exact = np.asarray(mean, dtype=np.float64) * size / max(float(np.sum(mean)), 1e-12)
    whole = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: size - int(whole.sum())]] += 1
    return whole
