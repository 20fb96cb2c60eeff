"""How much each weight matters for what a student has just learned: what several ways of retaining measure alike.

    fisher       F_i = mean over lessons of  sum_c q_c (d log p_c / d w_i)^2,  the diagonal of the Fisher information
    sensitivity  O_i = mean over lessons of  | d |f(x)|^2 / d w_i |,    f(x) the scores of all classes

Means go by the lessons' weights, one lesson at a time. q says for whose answers a weight matters: `exact` the student's
own distribution p, all classes in turn; `sampled` one class drawn from p for each lesson; `empirical` the lesson's own
answer. Every weight of the module counts, also those that an adapter keeps still.

Source: Kirkpatrick et al. (2017), equation 3; van de Ven (2025), sections 2 and 3; Aljundi et al. (2018), equations 2
to 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from accelerate.utils import send_to_device

from tutelage.core.data import Array, Ints, Itself, Label, Lessons, Rng, Text
from tutelage.core.descent import Batch, CanDescend, Encoded
from tutelage.core.stages import Student, able
from tutelage.kit.descent import steady
from tutelage.kit.device import of

How: TypeAlias = Literal["exact", "sampled", "empirical"]


def fisher(student: Student, lessons: Lessons, how: How, most: int | None, rng: Rng) -> dict[str, Array]:
    """One array a parameter, of at most `most` lessons drawn at random. `lessons`: at least one, none of weight 0."""
    able_student = able(student, CanDescend)
    draw, luck, torchs = rng.spawn(3)
    rows = _drawn(lessons, most, draw)
    with steady(torchs):
        module = able_student.module.eval().requires_grad_(True)
        return _fisher(module, able_student.encode(lessons), rows, how, luck)


def sensitivity(student: Student, lessons: Lessons, most: int | None, rng: Rng) -> dict[str, Array]:
    """The same of the outputs; no label is read."""
    able_student = able(student, CanDescend)
    draw, torchs = rng.spawn(2)
    rows = _drawn(lessons, most, draw)
    with steady(torchs):
        return _sensitivity(able_student.module.eval().requires_grad_(True), able_student.encode(lessons), rows)


def _drawn(lessons: Lessons, most: int | None, rng: Rng) -> Ints:
    """Ascending numbers of the lessons that are looked at; no luck is used where that is all of them."""
    size = sum(block.size for block in lessons)
    if most is None or size <= most:
        return np.arange(size)
    return np.sort(rng.permutation(size)[:most])


def _fisher(module: Any, encoded: Encoded, rows: Ints, how: How, rng: Rng) -> dict[str, Array]:
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


def _surprises(module: Any, batch: Batch, how: How, rng: Rng) -> Iterator[tuple[float, Any]]:
    """The answers that count for one lesson: the share q of each, and its log-probability."""
    if batch.kind in (Text, Itself):
        yield 1.0, _of_tokens(module, batch, rng) if how != "empirical" else module.token_logprobs(batch).logprobs.sum()
        return
    logs = torch.log_softmax(module.scores(batch)[0], dim=0)
    shares = _shares(batch, logs.detach(), how, rng)
    for code in np.flatnonzero(shares).tolist():
        yield float(shares[code]), logs[code]


def _of_tokens(module: Any, batch: Batch, rng: Rng) -> Any:
    """The log-probability of tokens drawn from the student's own distribution at every place that carries loss."""
    ids, said = batch.inputs["ids"][:, 0], batch.inputs["said"][0, 0, 1:]
    logs = torch.log_softmax(module.logits(ids)[0, :-1][said], dim=1)
    lots = torch.from_numpy(rng.random((len(logs), 1))).to(logs.device)
    sums = logs.detach().double().exp().cumsum(dim=1)
    tokens = torch.searchsorted(sums, lots * sums[:, -1:]).clamp(max=logs.shape[1] - 1)
    return logs.gather(1, tokens).sum()


def _shares(batch: Batch, logs: Any, how: How, rng: Rng) -> Any:
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


def _sensitivity(module: Any, encoded: Encoded, rows: Ints) -> dict[str, Array]:
    named = dict(module.named_parameters())
    sums = {name: torch.zeros_like(weight) for name, weight in named.items()}
    total = 0.0
    for row in rows:
        batch = encoded.batch(np.array([row]))
        slopes = torch.autograd.grad((module.scores(batch) ** 2).sum(), list(named.values()), allow_unused=True)
        share = float(batch.weight[0])
        for held, slope in zip(sums.values(), slopes, strict=True):
            if slope is not None:
                held += share * slope.detach().abs()
        total += share
    return {name: (held / total).cpu().numpy() for name, held in sums.items()}
