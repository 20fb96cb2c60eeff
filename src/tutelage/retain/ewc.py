"""Hold each weight where it was, the more firmly the more the old answers depend on it (elastic weight consolidation).

    penalty = strength / 2 * sum_i F_i (w_i - w*_i)^2,    F <- decay * F + F_new,    w* = the weights after learning
    F_new,i = mean over the new lessons of  sum_c q_c (d log p_c / d w_i)^2,  the diagonal of the Fisher information

One sum and one anchor for all that is past (the online form); `decay: 1` forgets nothing of it. q says for whose
answers a weight matters: `exact` the student's own distribution p, all classes in turn; `sampled` one class drawn from
p for each lesson; `empirical` the lesson's own answer, which is cheaper and, where the student is sure and right,
almost 0. Every weight of the module counts, also those that an adapter keeps still.

Of a written answer, or of a text that is its own target, log p is the sum over its tokens, each behind the text as it
stands: `empirical` takes those that stand there, `sampled` and `exact` one drawn from p at every place, since there are
too many for all in turn; the mean over draws is the same.

Source: Kirkpatrick et al. (2017), equation 3; online: Schwarz et al. (2018), section 4, with decay as their gamma;
exact, sampled and empirical Fisher compared: van de Ven (2025), sections 2 and 3.
Neutral limit: strength 0 is `nothing`, and costs nothing.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream, view
>>> student = build("student", {"use": "vector.mlp", "hidden": []}).begin(POOL, stream(0, "student"))
>>> now = view(student=student, taught=np.array([0, 5]))
>>> memory = Ewc().settle(student, now.lessons, now, stream(0, "retain")).memory
>>> memory["fisher"]["head.bias"].round(3).tolist()          # p (1 - p) at p = 1/2
[0.25, 0.25]
>>> Ewc(strength=8).penalty(now._replace(memory=memory))(student.module).item()
0.0
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from accelerate.utils import send_to_device
from pydantic import Field

from tutelage.core.data import Ints, Itself, Kinds, Label, Lessons, Rng, Text
from tutelage.core.descent import Batch, CanDescend, Encoded, Scores
from tutelage.core.method import method
from tutelage.core.stages import Penalty, Settled, Stage, Student, View, able
from tutelage.kit.batching import planned
from tutelage.kit.descent import steady
from tutelage.kit.device import of
from tutelage.kit.pulls import decayed, pulled, weights_of


@method
class Ewc:
    strength: Annotated[float, Field(ge=0)] = 100.0
    decay: Annotated[float, Field(ge=0, le=1)] = 1.0  # of the Fisher information of earlier episodes
    fisher: Literal["exact", "sampled", "empirical"] = "exact"
    lessons: Annotated[int, Field(ge=1)] | None = 200  # of each episode, drawn at random; None: all

    needs: ClassVar[Kinds] = frozenset({CanDescend, Scores})

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """No old lesson is added to the new ones."""
        return ()

    def penalty(self, view: View) -> Penalty | None:
        """None before the first memory. A weight that has grown is held in the part that there was."""
        if self.strength == 0 or not view.memory:
            return None
        memory = view.memory
        return pulled("ewc", memory["weights"], memory["fisher"], self.strength / 2)

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned, its weights as the new anchor. Without a new lesson all stays as it was."""
        lessons = planned((Stage(new),)).lessons  # those of weight 0 are absent
        if self.strength == 0 or not lessons:
            return Settled(view.student)
        student = able(view.student, CanDescend)
        draw, luck, torchs = rng.spawn(3)
        size = sum(block.size for block in lessons)
        rows = (
            np.arange(size) if self.lessons is None or size <= self.lessons else draw.permutation(size)[: self.lessons]
        )
        with steady(torchs):
            module = student.module.eval().requires_grad_(True)
            found = _fisher(module, student.encode(lessons), np.sort(rows), self.fisher, luck)
        fisher = {name: decayed(view.memory, "fisher", name, array, self.decay) for name, array in found.items()}
        return Settled(view.student, memory={"weights": weights_of(view.student), "fisher": fisher})


def _fisher(module: Any, encoded: Encoded, rows: Ints, how: str, rng: Rng) -> dict[str, Any]:
    """The diagonal, one array a parameter: mean over these lessons by weight, one lesson at a time."""
    named = dict(module.named_parameters())
    sums = {name: torch.zeros_like(weight) for name, weight in named.items()}
    total = 0.0
    for row in rows:
        batch = send_to_device(encoded.batch(np.array([row])), of(module))
        for share, log in _surprises(module, batch, how, rng):
            slopes = torch.autograd.grad(log, list(named.values()), retain_graph=True, allow_unused=True)
            for held, slope in zip(sums.values(), slopes, strict=True):
                if slope is not None:
                    held += float(share * batch.weight[0]) * slope.detach() ** 2
        total += float(batch.weight[0])
    return {name: (held / total).cpu().numpy() for name, held in sums.items()}


def _surprises(module: Any, batch: Batch, how: str, rng: Rng) -> Iterator[tuple[float, Any]]:
    """The answers that count for one lesson: the share q of each, and its log-probability."""
    if batch.kind in (Text, Itself):
        yield 1.0, _drawn(module, batch, rng) if how != "empirical" else module.token_logprobs(batch).logprobs.sum()
        return
    logs = torch.log_softmax(module.scores(batch)[0], dim=0)
    shares = _shares(batch, logs.detach(), how, rng)
    for code in np.flatnonzero(shares).tolist():
        yield float(shares[code]), logs[code]


def _drawn(module: Any, batch: Batch, rng: Rng) -> Any:
    """The log-probability of tokens drawn from the student's own distribution at every place that carries loss."""
    ids, said = batch.inputs["ids"][:, 0], batch.inputs["said"][0, 0, 1:]
    logs = torch.log_softmax(module.logits(ids)[0, :-1][said], dim=1)
    lots = torch.from_numpy(rng.random((len(logs), 1))).to(logs.device)
    sums = logs.detach().double().exp().cumsum(dim=1)
    tokens = torch.searchsorted(sums, lots * sums[:, -1:]).clamp(max=logs.shape[1] - 1)
    return logs.gather(1, tokens).sum()


def _shares(batch: Batch, logs: Any, how: str, rng: Rng) -> Any:
    """(C,) the distribution q of one lesson."""
    probs = logs.double().exp().cpu().numpy()
    if how == "exact":
        return probs
    if how == "sampled":
        return np.eye(len(probs))[min(int(np.searchsorted(probs.cumsum(), rng.random())), len(probs) - 1)]
    made = np.zeros(len(probs))
    if batch.kind is Label:
        made[int(batch.given["label"][0])] = 1.0
    else:
        given = batch.given["probs"][0].cpu().numpy()
        made[: len(given)] = given
    return made
