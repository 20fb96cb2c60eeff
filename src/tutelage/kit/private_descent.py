"""The gradient loop of private learning: every lesson's gradient clipped, noise once a step, a divisor that is fixed.

    lessons of a step: each with probability q, none or many;  g_i = gradient of w_i l_i,  c_i = min(1, C / |g_i|)
    step(( sum_i c_i g_i + sigma C N(0, 1) ) / batch)

A draw is gone through in virtual batches, whose clipped sums add up before the noise. A draw without lessons is a step
of noise. Weights are not divided by their mean, which would be a look at all lessons together. The first batch of a
call, and each whose rows are counted off to lessons unmarked, is held against a second backward pass (kit.watched).

Source: Abadi et al. (2016), algorithm 1, with the expected batch as divisor; Li, Tramer, Liang and Hashimoto (2022).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from tutelage.core.data import Bools, Ints, Rng
from tutelage.core.descent import Batch, CanSkip, Opened
from tutelage.core.errors import ContractBroken, Fault, Refused, TutelageError
from tutelage.core.stages import Memory, Penalty, Syllabus
from tutelage.kit.batching import Plan
from tutelage.kit.descent import Descended, _accelerator, _mine, _opened_only, _train_where_it_moves
from tutelage.kit.ghost import squares, weighted
from tutelage.kit.optimiser import How, begun, pace, resume, state_of
from tutelage.kit.watched import watched


class Draw(NamedTuple):
    """The lessons of one step as virtual batches; none where the luck of the draw gave no lesson."""

    batches: Sequence[Batch]
    counts: bool  # whether its losses enter the one reported


class Noise(NamedTuple):
    """clip: the largest norm of a lesson's gradient. sigma: noise over clip. over: lessons expected in a step."""

    clip: float
    sigma: float
    over: float


class Counted(NamedTuple):
    """losses, lessons: of the draws that count. clipped, shown: of all draws."""

    losses: float = 0.0
    lessons: float = 0.0
    clipped: int = 0
    shown: int = 0

    def plus(self, other: Counted, counts: bool) -> Counted:
        share = float(counts)
        return Counted(self.losses + share * other.losses, self.lessons + share * other.lessons,
                       self.clipped + other.clipped, self.shown + other.shown)  # fmt: skip


class Private(NamedTuple):
    """clipped: the share of lessons shown whose gradient was longer than clip; NaN where none was shown."""

    done: Descended
    clipped: float


def suits(syllabus: Syllabus, penalty: Penalty | None, objective: Any) -> None:
    """Refused with everything about this call that the count of privacy does not cover."""
    faults = []
    if objective.couples:
        what = "the objective couples the lessons of a batch, so no lesson has a gradient of its own to clip"
        faults.append(Fault("learn.objective", what, "an objective of single lessons, such as cross_entropy"))
    if isinstance(objective, CanSkip) and objective.skipping:
        what = "the objective leaves lessons out by what the student makes of them, and no noise covers that choice"
        faults.append(Fault("learn.objective", what, "--set learn.objective.eps=0"))
    if len(syllabus) != 1 or any(value is not None for stage in syllabus for value in stage[1:4]):
        what = "private learning draws its batches at random, so no order, stages or batches can be planned"
        faults.append(Fault("order", what, "--set order.use=as_given"))
    if penalty is not None:
        what = "what is retained pulls by earlier lessons, and no noise covers that pull"
        faults.append(Fault("retain", what, "--set retain.use=nothing"))
    if faults:
        raise Refused(faults)


def drawn(plan: Plan, rate: float, most: int, rng: Rng) -> list[Ints]:
    """One step's lessons, each with probability `rate`, as virtual batches of one kind and at most `most` lessons."""
    portion = plan.portions[0]
    taken: Bools = rng.random(len(portion.items)) < rate
    batches = []
    for kind in np.unique(portion.kinds[taken]):
        mine = portion.items[taken & (portion.kinds == kind)]
        batches += [mine[start : start + most] for start in range(0, len(mine), most)]
    return batches


def privately(opened: Opened, objective: Any, draws: Iterable[Draw], updates: int, how: How, noise: Noise, rng: Rng,
              state: Memory | None = None) -> Private:  # fmt: skip
    """Move the module along `updates` draws. ContractBroken for what cannot be clipped, by name."""
    named = _opened_only(opened)
    accelerator = _accelerator(how.precision)
    if accelerator.num_processes > 1:
        raise ContractBroken("private learning runs in one process; seeds and arms can run beside each other")
    module = opened.module.to(accelerator.device)
    optimiser = begun(opened.groups, named, how)
    resume(optimiser, named, state or {})
    rates = [group["lr"] for group in optimiser.param_groups]
    source = torch.Generator(accelerator.device).manual_seed(int(rng.integers(2**63)))
    counted, known = Counted(), False
    _train_where_it_moves(module)
    for number, draw in enumerate(draws):
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * pace(number, updates, how.schedule, how.warm_up)
        sums: dict[str, Any] = {}
        for batch in draw.batches:
            moved, _ = _mine(batch, accelerator)
            with accelerator.autocast():
                one = _clipped(module, objective, moved, named, noise.clip, rng, None if known else how.precision, sums)
            counted, known = counted.plus(one, draw.counts), True
        for name, parameter in named.items():
            parameter.grad = _noised(sums.get(name), parameter, noise, source)
        optimiser.step()
        optimiser.zero_grad()
    if not math.isfinite(counted.losses):
        raise TutelageError("the loss is no number any more; a smaller learn.lr keeps it one")
    loss = counted.losses / counted.lessons if counted.lessons else math.nan
    clipped = counted.clipped / counted.shown if counted.shown else math.nan
    return Private(Descended(module.eval(), loss, state_of(optimiser, named)), clipped)


def _clipped(module: Any, objective: Any, batch: Batch, named: Mapping[str, Any], clip: float, rng: Rng,
             check: str | None, sums: dict[str, Any]) -> Counted:  # fmt: skip
    """Add the clipped gradients of a virtual batch to `sums`. check: the precision of the comparison, None: not due."""
    b = len(batch.weight)
    with watched(module, named, b) as seen:
        losses = objective.losses(module, batch, rng)
        if losses.shape != batch.weight.shape:
            name, found = type(objective).__name__, tuple(losses.shape)
            raise ContractBroken(f"{name}.losses: one loss for each of {b} lessons, got {found}")
        own = losses.float() * batch.weight
        kept = seen.checked(own, named, check or "fp32") if check or seen.doubtful else seen.gradients(own)
    with torch.no_grad():
        length = sum((squares(one) for one in kept.values()), torch.zeros(b, device=own.device)).sqrt()
        by = torch.ones_like(length) if math.isinf(clip) else clip / length.clamp(min=clip)
        for name, one in kept.items():
            part = weighted(one, by)
            sums[name] = sums[name].add_(part) if name in sums else part
        return Counted(float(own.sum()), float(batch.weight.sum()), int((length > clip).sum()), b)


def _noised(total: Any, parameter: Any, noise: Noise, source: torch.Generator) -> Any:
    """(sum + noise) / expected batch, as the optimiser wants it."""
    total = torch.zeros_like(parameter, dtype=torch.float32) if total is None else total
    if noise.sigma:
        luck = torch.randn(parameter.shape, generator=source, device=parameter.device)
        total = total.add_(luck, alpha=noise.sigma * noise.clip)
    return total.div_(noise.over).to(parameter.dtype)
