"""How much each weight matters for what a student has just learned: what several ways of retaining measure alike.

    fisher       F_i = mean over lessons of  sum_c q_c (d log p_c / d w_i)^2,  the diagonal of the Fisher information
    sensitivity  O_i = mean over lessons of  | d |f(x)|^2 / d w_i |,    f(x) the scores of all classes

Means go by the lessons' weights. q says for whose answers a weight matters: `exact` the student's own distribution p,
all classes in turn; `sampled` one class drawn from p for each lesson; `empirical` the lesson's own answer. Every weight
of the module counts, also those that an adapter keeps still.

Where every weight stands in a linear layer that reads one row a lesson, lessons go through together: the gradient of
lesson i is g_i a_i', its square is that of both parts, and  sum_i q_i (g_i a_i')^2 = (q G^2)' A^2  is one product of
matrices a class. Otherwise lessons are gone through one at a time.

Source: Kirkpatrick et al. (2017), equation 3; van de Ven (2025), sections 2 and 3; Aljundi et al. (2018), equations 2
to 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from accelerate.utils import send_to_device

from tutelage.core.data import Array, Ints, Itself, Label, Lessons, Rng, Text
from tutelage.core.descent import Batch, CanDescend, Encoded
from tutelage.core.stages import Student, able
from tutelage.kit.descent import steady
from tutelage.kit.device import of
from tutelage.kit.ghost import each_by
from tutelage.kit.watched import watched

How: TypeAlias = Literal["exact", "sampled", "empirical"]
AT_ONCE = 64  # lessons that go through together


def fisher(student: Student, lessons: Lessons, how: How, most: int | None, rng: Rng) -> dict[str, Array]:
    """One array a parameter, of at most `most` lessons drawn at random. `lessons`: at least one, none of weight 0."""
    able_student = able(student, CanDescend)
    draw, luck, torchs = rng.spawn(3)
    rows = _drawn(lessons, most, draw)
    with steady(torchs):
        sums = _Sums(able_student.module.eval().requires_grad_(True), torch.square)
        for batch in sums.batches(able_student.encode(lessons), lessons, rows):
            with sums.adding(batch) as add:
                if batch.kind in (Text, Itself):
                    add(_of_tokens(sums.module, batch, how, luck), batch.weight)
                    continue
                logs = torch.log_softmax(sums.module.scores(batch), dim=1)
                shares = _shares(batch, logs.detach(), how, luck).to(logs) * batch.weight[:, None]
                for code in torch.nonzero(shares.sum(0)).flatten().tolist():
                    add(logs[:, code], shares[:, code])
    return sums.means()


def sensitivity(student: Student, lessons: Lessons, most: int | None, rng: Rng) -> dict[str, Array]:
    """The same of the outputs; no label is read."""
    able_student = able(student, CanDescend)
    draw, torchs = rng.spawn(2)
    rows = _drawn(lessons, most, draw)
    with steady(torchs):
        sums = _Sums(able_student.module.eval().requires_grad_(True), torch.abs)
        for batch in sums.batches(able_student.encode(lessons), lessons, rows):
            with sums.adding(batch) as add:
                add((sums.module.scores(batch) ** 2).sum(1), batch.weight)
    return sums.means()


def _drawn(lessons: Lessons, most: int | None, rng: Rng) -> Ints:
    """Ascending numbers of the lessons that are looked at; no luck is used where that is all of them."""
    size = sum(block.size for block in lessons)
    if most is None or size <= most:
        return np.arange(size)
    return np.sort(rng.permutation(size)[:most])


class _Sums:
    """Sums over lessons of `of` of their gradients, elementwise, one array a parameter; of(a b) = of(a) of(b)."""

    def __init__(self, module: Any, of: Callable[[Any], Any]) -> None:
        self.module, self.of = module, of
        self.named = dict(module.named_parameters())
        self.sums = {name: torch.zeros_like(weight, requires_grad=False) for name, weight in self.named.items()}
        self.weight, self.together, self.checked = 0.0, False, False

    def batches(self, encoded: Encoded, lessons: Lessons, rows: Ints) -> Iterator[Batch]:
        """The lessons in their order, each batch of one kind."""
        self.together = encoded.lengths is None and _linear(self.module)
        most = AT_ONCE if self.together else 1
        kinds = np.repeat([hash(block.kind) for block in lessons], [block.size for block in lessons])[rows]
        for part in np.split(rows, np.flatnonzero(np.diff(kinds)) + 1):
            for some in np.split(part, range(most, len(part), most)):
                batch = send_to_device(encoded.batch(some), of(self.module))
                self.weight += float(batch.weight.double().sum())
                yield batch

    @contextmanager
    def adding(self, batch: Batch) -> Iterator[Callable[[Any, Any], None]]:
        """add(values, shares): shares_i of(gradient of values_i), both (b,); values are computed in this context."""
        if not self.together:
            yield self._add_one
            return
        with watched(self.module, self.named, len(batch.weight)) as seen:

            def add(values: Any, shares: Any) -> None:
                # once a student: what the layers saw is held against an ordinary backward pass
                found = seen.gradients(values, True) if self.checked else seen.checked(values, self.named)
                self.checked = True
                for name, one in found.items():
                    self.sums[name] += each_by(one, shares, self.of)

            yield add

    def _add_one(self, values: Any, shares: Any) -> None:
        slopes = torch.autograd.grad(values[0], list(self.named.values()), retain_graph=True, allow_unused=True)
        for held, slope in zip(self.sums.values(), slopes, strict=True):
            if slope is not None:
                held += float(shares[0]) * self.of(slope.detach())

    def means(self) -> dict[str, Array]:
        """Over the weights of all lessons that were gone through."""
        return {name: (held / self.weight).cpu().numpy() for name, held in self.sums.items()}


def _linear(module: Any) -> bool:
    """Whether every parameter stands in a linear layer."""
    layers = [layer for layer in module.modules() if isinstance(layer, torch.nn.Linear)]
    held = {id(weight) for layer in layers for weight in layer.parameters(recurse=False)}
    return all(id(weight) in held for weight in module.parameters())


def _of_tokens(module: Any, batch: Batch, how: How, rng: Rng) -> Any:
    """(1,) the log-probability of a lesson's tokens, or of some drawn from the student at every place that counts."""
    if how == "empirical":
        return module.token_logprobs(batch).logprobs.sum()[None]
    ids, said = batch.inputs["ids"][:, 0], batch.inputs["said"][0, 0, 1:]
    logs = torch.log_softmax(module.logits(ids)[0, :-1][said], dim=1)
    lots = torch.from_numpy(rng.random((len(logs), 1))).to(logs.device)
    sums = logs.detach().double().exp().cumsum(dim=1)
    tokens = torch.searchsorted(sums, lots * sums[:, -1:]).clamp(max=logs.shape[1] - 1)
    return logs.gather(1, tokens).sum()[None]


def _shares(batch: Batch, logs: Any, how: How, rng: Rng) -> Any:
    """(b, C) the distribution q of each lesson, on the CPU."""
    probs = logs.double().exp().cpu()
    if how == "exact":
        return probs
    made = torch.zeros_like(probs)
    if how == "sampled":
        lots = torch.from_numpy(rng.random((len(probs), 1)))
        codes = torch.searchsorted(probs.cumsum(1), lots).clamp(max=probs.shape[1] - 1)
        return made.scatter_(1, codes, 1.0)
    if batch.kind is Label:
        return made.scatter_(1, batch.given["label"].cpu().long()[:, None], 1.0)
    given = batch.given["probs"].cpu()
    made[:, : given.shape[1]] = given
    return made
