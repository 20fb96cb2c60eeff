"""The one gradient loop, on accelerate: device, precision, processes and clipping are its business.

    loss of a batch = sum_i w_i l_i / (mean weight of the stage * lessons scored)  +  penalty(module)

so that weights of one size are a plain mean and a lesson of weight 2 pulls twice as hard wherever it stands. Under
several processes each takes its share of every batch, and the mean over processes is the loss above.

All luck comes in as arguments: torch's global generator is set aside while a module may draw from it (dropout), and
stands afterwards where it stood. Threads and deterministic algorithms are set for the time of the descent alone.

Longer than 200 lines: one loop, read from top to bottom.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, is_initialized
from accelerate.utils import DistributedType, send_to_device

from tutelage.core.data import Ints, Rng
from tutelage.core.descent import Batch, Opened, Projects
from tutelage.core.errors import ContractBroken, TutelageError
from tutelage.core.stages import Memory, Penalty
from tutelage.kit.matrices import multiplied
from tutelage.kit.optimiser import How, begun, pace, resume, state_of

PLAIN = (DistributedType.NO, DistributedType.MULTI_CPU, DistributedType.MULTI_GPU)


class Turn(NamedTuple):
    """One update. over: what the weighted losses are divided by. counts: whether its loss enters the one reported."""

    batch: Batch
    over: float
    counts: bool


class Descended(NamedTuple):
    """loss: weighted mean of the turns that count, each before its update; NaN where none does. state: as arrays."""

    module: Any
    loss: float
    state: dict[str, dict[str, Any]]


class _Loss(torch.nn.Module):  # type: ignore[misc]
    """The whole loss behind one forward, which is what accelerate wraps for several processes."""

    def __init__(self, module: Any, objective: Any, penalty: Penalty | None) -> None:
        super().__init__()
        self.module, self.objective, self.penalty = module, objective, penalty

    def forward(self, batch: Batch, over: float, rng: Rng) -> tuple[Any, Any, Any]:
        losses = self.objective.losses(self.module, batch, rng)
        if losses.shape != batch.weight.shape:
            name, found = type(self.objective).__name__, tuple(losses.shape)
            raise ContractBroken(f"{name}.losses: one loss for each of {len(batch.weight)} lessons, got {found}")
        weight = batch.weight if batch.support is None else batch.weight * ~batch.support
        total = (losses * weight).sum()
        added = 0.0 if self.penalty is None else self.penalty(self.module)
        return total / over + added, total.detach(), weight.sum()


def flop(opened: Opened, visits: int, lengths: Ints | None = None) -> float:
    """FLOP of showing `visits` lessons: (4 P + 2 P_open) a position, P entries of matrices, P_open those that may move.

    2 P forward, 2 P back through the activations, 2 P_open for the gradient of the weights. Vectors of weights, tables
    that are looked up, scores of attention and the optimiser are left out. A lesson is one position, or `lengths`.
    """
    sizes = multiplied(opened.module)
    moving = sum(sizes.get(name, 0) for group in opened.groups for name in group.names)
    return flop_of(sum(sizes.values()), moving, visits * (1.0 if lengths is None else float(np.mean(lengths))))


def flop_of(size: float, moving: float, positions: float) -> float:
    """The same from P, P_open and the number of positions."""
    return (4.0 * size + 2.0 * moving) * positions


def descended(opened: Opened, objective: Any, turns: Iterable[Turn], updates: int, how: How, rng: Rng,
              penalty: Penalty | None = None, state: Memory | None = None) -> Descended:  # fmt: skip
    """Move the module along at most `updates` turns. TutelageError when the loss is no number any more."""
    named = _opened_only(opened)
    accelerator = _accelerator(how.precision)
    if objective.couples and accelerator.num_processes > 1:
        name = type(objective).__name__
        raise ContractBroken(f"{name} couples the lessons of a batch, which cannot be shared out to several processes")
    optimiser = begun(opened.groups, named, how)
    resume(optimiser, named, state or {})
    against, penalty = (penalty, None) if isinstance(penalty, Projects) else (None, penalty)
    loss, wrapped = accelerator.prepare(_Loss(opened.module, objective, penalty), optimiser)
    # the wrapper looks for an optional package at every step, 0.8 ms; where it does nothing else, it is left out
    stepper = optimiser if accelerator.distributed_type in PLAIN else wrapped
    rates = [group["lr"] for group in optimiser.param_groups]
    seen = torch.zeros(2, dtype=torch.float64)
    _train_where_it_moves(opened.module)
    for turn in turns:
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * pace(round(turn.batch.progress * updates), updates, how.schedule, how.warm_up)
        batch, share = _mine(turn.batch, accelerator)
        value, total, weight = loss(batch, turn.over * share, rng)
        accelerator.backward(value)
        if against is not None:
            _project(against, opened.module, list(named.values()))
        if how.clip is not None:
            accelerator.clip_grad_norm_(named.values(), how.clip)
        stepper.step()
        stepper.zero_grad()
        if turn.counts:
            seen += torch.stack([total, weight]).double().cpu()
    module = accelerator.unwrap_model(loss).module.eval()
    total, weight = accelerator.reduce(seen.to(accelerator.device), reduction="sum").tolist()
    if not math.isfinite(total):
        raise TutelageError("the loss is no number any more; a smaller learn.lr, or learn.clip, keeps it one")
    return Descended(module, total / weight if weight else math.nan, state_of(optimiser, named))


@contextmanager
def steady(rng: Rng) -> Iterator[None]:
    """One thread, deterministic algorithms, and torch's own luck drawn from `rng`; all as before afterwards.

    On one thread of a CPU every algorithm is deterministic, and to ask for it costs torch seconds of imports.
    """
    threads = torch.get_num_threads()
    strict, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    seed = int(rng.integers(2**63))
    devices = range(torch.cuda.device_count())
    try:
        torch.set_num_threads(1)  # a second one gains little here and stands in the way of other processes
        if devices:
            torch.use_deterministic_algorithms(True, warn_only=True)
        with torch.random.fork_rng(devices=devices):
            torch.set_rng_state(torch.Generator().manual_seed(seed).get_state())
            for device in devices:
                state = torch.Generator(device=f"cuda:{device}").manual_seed(seed).get_state()
                torch.cuda.set_rng_state(state, device)
            yield
    finally:
        if devices:
            torch.use_deterministic_algorithms(strict, warn_only=warns)
        torch.set_num_threads(threads)


def _accelerator(precision: str) -> Any:
    """Accelerate keeps one state per process, with one precision; another one asks for another state."""
    wanted = {"fp32": "no", "bf16": "bf16"}[precision]
    if is_initialized() and AcceleratorState._shared_state and AcceleratorState().mixed_precision != wanted:
        AcceleratorState._reset_state()
    return Accelerator(mixed_precision=wanted)


def _opened_only(opened: Opened) -> dict[str, Any]:
    """The parameters that may move, by name, in memory of their own; every other one is frozen."""
    every = dict(opened.module.named_parameters())
    names = [name for group in opened.groups for name in group.names]
    if len(set(names)) < len(names) or not set(names) <= set(every):
        wrong = sorted({name for name in names if names.count(name) > 1 or name not in every})
        raise ContractBroken(f"an adapter opens each parameter once, and only those there are; not {', '.join(wrong)}")
    for name, parameter in every.items():
        parameter.requires_grad_(name in names)
        if name in names:
            parameter.data = parameter.data.clone()
    return {name: every[name] for name in names}


def _project(against: Projects, module: Any, moving: list[Any]) -> None:
    """Put the gradient that the penalty makes of the step's own and of its own in its place."""
    own = [torch.zeros_like(one) if one.grad is None else one.grad for one in moving]
    other = torch.autograd.grad(against(module), moving, allow_unused=True)
    pairs = zip(moving, other, strict=True)
    flat = torch.cat([(torch.zeros_like(one) if slope is None else slope).reshape(-1) for one, slope in pairs])
    made = against.project(torch.cat([one.reshape(-1) for one in own]), flat)
    for one, piece in zip(moving, made.split([one.numel() for one in moving]), strict=True):
        one.grad = piece.view_as(one)


def _train_where_it_moves(layer: Any) -> None:
    """Layers that are frozen whole answer as in use: no dropout, and no running statistics that would creep on."""
    layer.training = any(parameter.requires_grad for parameter in layer.parameters())
    for child in layer.children():
        if layer.training and any(True for _ in child.parameters()):
            _train_where_it_moves(child)
        else:
            child.train(layer.training)


def _mine(batch: Batch, accelerator: Any) -> tuple[Batch, float]:
    """This process's share of a batch, on its device, and what the divisor becomes: 1 / processes."""
    count = accelerator.num_processes
    if count > 1:
        batch = _sliced(batch, slice(accelerator.process_index, None, count))
    return (batch if accelerator.device.type == "cpu" else send_to_device(batch, accelerator.device)), 1 / count


def _sliced(batch: Batch, rows: slice) -> Batch:
    def cut(value: Any) -> Any:
        return {key: cut(item) for key, item in value.items()} if isinstance(value, Mapping) else value[rows]

    prepared = {key: value if key.startswith("all_") else value[rows] for key, value in batch.prepared.items()}
    support = None if batch.support is None else batch.support[rows]
    return batch._replace(inputs=cut(batch.inputs), given=cut(batch.given), weight=batch.weight[rows],
                          support=support, prepared=prepared)  # fmt: skip


def as_tensors(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The same columns as tensors; text columns stay arrays."""
    return {
        name: value if value.dtype == np.dtype(object) else torch.from_numpy(np.ascontiguousarray(value))
        for name, value in arrays.items()
    }
