"""The one gradient loop, on accelerate: device, precision, processes and clipping are its business.

    loss of a batch = sum_i w_i l_i / (mean weight of the stage * lessons scored)  +  penalty(module)

so that weights of one size are a plain mean and a lesson of weight 2 pulls twice as hard wherever it stands. Under
several processes each takes its share of every batch, and the mean over processes is the loss above. With `accumulate`
a share is gone through in pieces whose gradients add up to that of the whole before the one step. With `recompute` the
module's layers keep what they read and are computed again on the way back. Launched for FSDP, the processes hold shares
of the weights instead of all of them (kit.sharded).

All luck comes in as arguments: torch's global generator is set aside while a module may draw from it (dropout), and
stands afterwards where it stood. Threads and deterministic algorithms are set for the time of the descent alone.

Longer than 200 lines: one loop, read from top to bottom.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, is_initialized
from accelerate.utils import DistributedType, broadcast, send_to_device

from tutelage.core.data import Rng
from tutelage.core.descent import Batch, Holds, Opened, Projects, Sloped, Steers
from tutelage.core.errors import ContractBroken, Fault, Refused, TutelageError
from tutelage.core.stages import Memory, Penalty
from tutelage.kit import processes
from tutelage.kit.kept import Keeper, Kept, luck_back, luck_of, put_back, weights_of
from tutelage.kit.matrices import multiplied
from tutelage.kit.optimiser import How, begun, pace, resume, state_of
from tutelage.kit.sharded import Shards, sharing
from tutelage.kit.steering import Steering
from tutelage.kit.stiffness import Still
from tutelage.kit.threads import one_thread

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

    def forward(self, batch: Batch, over: float, rng: Rng, first: bool) -> tuple[Any, Any, Any]:
        """first: of the pieces of a batch, which the penalty is added to."""
        losses = self.objective.losses(self.module, batch, rng)
        if losses.shape != batch.weight.shape:
            name, found = type(self.objective).__name__, tuple(losses.shape)
            raise ContractBroken(f"{name}.losses: one loss for each of {len(batch.weight)} lessons, got {found}")
        weight = batch.weight if batch.support is None else batch.weight * ~batch.support
        total = (losses * weight).sum()
        added = 0.0 if self.penalty is None or not first else self.penalty(self.module)
        return total / over + added, total.detach(), weight.sum()


def flop(opened: Opened, positions: float) -> float:
    """FLOP of showing so many positions: (4 P + 2 P_open) each, P entries of matrices, P_open those that may move.

    2 P forward, 2 P back through the activations, 2 P_open for the gradient of the weights. Vectors of weights, tables
    that are looked up, scores of attention and the optimiser are left out. A lesson is one position, or its tokens.
    """
    size, moving = matrices(opened)
    return flop_of(size, moving, positions)


def matrices(opened: Opened) -> tuple[float, float]:
    """Entries of all matrices of a module, and of those that may move."""
    sizes = multiplied(opened.module)
    moving = sum(sizes.get(name, 0) for group in opened.groups for name in group.names)
    return float(sum(sizes.values())), float(moving)


def flop_of(size: float, moving: float, positions: float) -> float:
    """The same from P, P_open and the number of positions."""
    return (4.0 * size + 2.0 * moving) * positions


def descended(opened: Opened, objective: Any, turns: Iterable[Turn], updates: int, how: How, rng: Rng,
              penalty: Penalty | None = None, state: Memory | None = None, keeper: Keeper | None = None,
              kept: Kept | None = None) -> Descended:  # fmt: skip
    """Move the module along at most `updates` turns. TutelageError when the loss is no number any more.

    kept: go on from there; `turns` are then those that are left. keeper: where to keep how far it is.
    """
    named = _opened_only(opened)
    accelerator = _accelerator(how.precision)
    if objective.couples and accelerator.num_processes > 1:
        name = type(objective).__name__
        raise ContractBroken(f"{name} couples the lessons of a batch, which cannot be shared out to several processes")
    if how.recompute:
        _recomputing(opened.module)
    if kept is not None:
        put_back(opened.module, named, kept.weights)
    still = Still(penalty.held(opened.module) if isinstance(penalty, Holds) else {}, named)
    against, sloped, steers, penalty = _roles(penalty)
    loss = _Loss(opened.module, objective, _both(penalty, opened.penalty))
    shards = Shards(loss, named, accelerator) if sharing() else None
    named = named if shards is None else shards.named
    loss, optimiser = _prepared(loss, opened, named, how, accelerator, (state or {}) if kept is None else kept.moments)
    steering = None if steers is None else Steering(steers, named, optimiser, how)
    rates = [group["lr"] for group in optimiser.param_groups]
    if steering is not None and kept is None:
        steering.checked(how, updates)
    seen = torch.zeros(2, dtype=torch.float64)
    if kept is not None:
        seen += kept.seen if accelerator.is_main_process else 0
        _luck_back(accelerator, kept, rng)
    _train_where_it_moves(opened.module)
    for done, turn in enumerate(turns, 1 if kept is None else kept.done + 1):
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * pace(round(turn.batch.progress * updates), updates, how.schedule, how.warm_up)
        told = _slope(loss, turn, how.accumulate, accelerator, rng)
        if against is not None:
            _project(against, opened.module, list(named.values()))
        if sloped is not None:
            sloped.add_slope(opened.module)
        still.before_step()
        if how.clip is not None:
            accelerator.clip_grad_norm_(named.values(), how.clip)
        (steering or optimiser).step()
        still.after_step()
        optimiser.zero_grad()
        if turn.counts:
            seen += told.double().cpu()
        if keeper is not None and _together(accelerator, keeper.due()):
            now = _stand(opened.module, named, optimiser, accelerator, seen, rng)
            if accelerator.is_main_process:
                keeper.keep(now._replace(done=done, looks=np.concatenate([np.zeros(0, bool), *keeper.looks])))
    total, weight = accelerator.reduce(seen.to(accelerator.device), reduction="sum").tolist()
    if not math.isfinite(total):
        raise TutelageError("the loss is no number any more; a smaller learn.lr, or learn.clip, keeps it one")
    if shards is not None:
        shards.gather()
    return Descended(opened.module.eval(), total / weight if weight else math.nan, state_of(optimiser, named))


def _prepared(loss: Any, opened: Opened, named: Mapping[str, Any], how: How, accelerator: Any,
              moments: Memory) -> tuple[Any, Any]:  # fmt: skip
    """The loss as it is called, and the optimiser, which goes on with these moments. named: what it moves."""
    optimiser = begun(opened.groups, named, how)
    resume(optimiser, named, moments)
    if sharing():  # its weights are where they compute, and its layers sum up their gradients by themselves
        return loss, optimiser
    # the wrapper of the optimiser looks for an optional package at every step, 0.8 ms; here it would do nothing else
    return accelerator.prepare(loss, optimiser)[0], optimiser


def _slope(loss: Any, turn: Turn, pieces: int, accelerator: Any, rng: Rng) -> Any:
    """Add the gradient of one turn to the parameters' own; (2,) the weighted losses of this share, and the weights."""
    batch, share = _mine(turn.batch, accelerator)
    edges = np.unique(
        np.linspace(0, len(batch.weight), min(pieces, len(batch.weight)) + 1).round().astype(int)
    ).tolist()
    told = []
    for start, end in pairwise(edges):
        piece = batch if len(edges) == 2 else _sliced(batch, slice(start, end))
        # shares are summed up piece by piece: whole gradients would stand in every process between the pieces
        with accelerator.no_sync(loss) if end < edges[-1] and not sharing() else nullcontext():
            value, total, weight = loss(piece, turn.over * share, rng, start == 0)
            accelerator.backward(value)
        told.append(torch.stack([total, weight]))
    return told[0] if len(told) == 1 else torch.stack(told).sum(0)


def _recomputing(module: Any) -> None:
    """Switch on the module's own way of computing layers again. Refused when nothing in it has one."""
    able = [one for one in module.modules() if getattr(one, "supports_gradient_checkpointing", False)]
    if not able:
        what = f"{type(module).__name__} has no layers that could be computed again"
        raise Refused(Fault("learn.recompute", what, "--set learn.recompute=false"))
    if getattr(module, "before", None) is not None:
        what = "a learned prompt is read as a cache, which layers that are computed again do without"
        raise Refused(Fault("learn.recompute", what, "--set learn.recompute=false"))
    # its name in newer versions of the library, then the one it had before
    enable = getattr(able[0], "activation_checkpointing_enable", None) or able[0].gradient_checkpointing_enable
    enable({"use_reentrant": False})


def _together(accelerator: Any, due: bool) -> bool:
    """What the main process says, in all of them."""
    if accelerator.num_processes == 1:
        return due
    return bool(broadcast(torch.tensor(int(due), device=accelerator.device)).item())


def _stand(module: Any, named: Mapping[str, Any], optimiser: Any, accelerator: Any, seen: Any, rng: Rng) -> Kept:
    """All but the place in the walk. Luck of torch: one row for each process."""
    states = {"cpu": torch.get_rng_state()}
    if accelerator.device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(accelerator.device)
    place = accelerator.device
    rows = {name: accelerator.gather(one[None].to(place)).cpu() for name, one in states.items()}
    total = accelerator.reduce(seen.to(place), reduction="sum").cpu()
    return Kept(0, total, weights_of(module, named), state_of(optimiser, named), rows, luck_of(rng), np.zeros(0, bool))


def _luck_back(accelerator: Any, kept: Kept, rng: Rng) -> None:
    """Every process finds its own row."""
    luck_back(rng, kept.numpys)
    torch.set_rng_state(kept.torchs["cpu"][accelerator.process_index].clone())
    if accelerator.device.type == "cuda" and "cuda" in kept.torchs:
        torch.cuda.set_rng_state(kept.torchs["cuda"][accelerator.process_index].clone(), accelerator.device)


@contextmanager
def steady(rng: Rng) -> Iterator[None]:
    """One thread, deterministic algorithms, and torch's own luck drawn from `rng`; all as before afterwards.

    On one thread of a CPU every algorithm is deterministic, and to ask for it costs torch seconds of imports.
    """
    strict, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    seed = int(rng.integers(2**63))
    devices = range(torch.cuda.device_count())
    try:
        if devices:
            torch.use_deterministic_algorithms(True, warn_only=True)
        with one_thread(), torch.random.fork_rng(devices=devices):
            torch.set_rng_state(torch.Generator().manual_seed(seed).get_state())
            for device in devices:
                state = torch.Generator(device=f"cuda:{device}").manual_seed(seed).get_state()
                torch.cuda.set_rng_state(state, device)
            yield
    finally:
        if devices:
            torch.use_deterministic_algorithms(strict, warn_only=warns)


def _accelerator(precision: str) -> Any:
    """Accelerate keeps one state per process, with one precision; another one asks for another state."""
    wanted = {"fp32": "no", "bf16": "bf16"}[precision]
    processes.begun()
    if is_initialized() and AcceleratorState._shared_state and AcceleratorState().mixed_precision != wanted:
        AcceleratorState._reset_state()
    made = Accelerator(mixed_precision=wanted)
    if made.num_processes != processes.count():
        raise TutelageError(f"{processes.count()} processes were launched, accelerate joined {made.num_processes}")
    if made.distributed_type not in PLAIN and not sharing():
        raise TutelageError(
            f"accelerate is set up for {made.distributed_type.value}, which splits the weights of one model; a student "
            "is taught with whole weights in every process, or by FSDP of version 2 in several: use its plain "
            "multi-GPU set-up"
        )
    return made


def _opened_only(opened: Opened) -> dict[str, Any]:
    """The parameters that may move, by name, in memory of their own; every other one is frozen.

    Where they will be shared out, the shares are that memory.
    """
    every = dict(opened.module.named_parameters())
    names = [name for group in opened.groups for name in group.names]
    if len(set(names)) < len(names) or not set(names) <= set(every):
        wrong = sorted({name for name in names if names.count(name) > 1 or name not in every})
        raise ContractBroken(f"an adapter opens each parameter once, and only those there are; not {', '.join(wrong)}")
    for name, parameter in every.items():
        parameter.requires_grad_(name in names)
        if name in names and not sharing():
            parameter.data = parameter.data.clone()
    return {name: every[name] for name in names}


def _roles(penalty: Penalty | None) -> tuple[Projects | None, Sloped | None, Steers | None, Penalty | None]:
    """What is retained, in the one place that it has: compared with the step, a slope, beside the step, or added."""
    against, penalty = (penalty, None) if isinstance(penalty, Projects) else (None, penalty)
    sloped, penalty = (penalty, None) if isinstance(penalty, Sloped) else (None, penalty)
    steers, penalty = (penalty, None) if isinstance(penalty, Steers) else (None, penalty)
    return against, sloped, steers, penalty


def _both(one: Penalty | None, other: Penalty | None) -> Penalty | None:
    """Their sum: what is retained, and what the adapter asks of its own parts."""
    if one is None or other is None:
        return one if other is None else other
    first, second = one, other
    return lambda module: first(module) + second(module)


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
    """This process's share of a batch, on its device, and what the divisor becomes: 1 / processes.

    A batch of fewer lessons than processes leaves some of them one that weighs nothing: all have to step together.
    """
    count, rank = accelerator.num_processes, accelerator.process_index
    if count > 1 and rank < len(batch.weight):
        batch = _sliced(batch, slice(rank, None, count))
    elif count > 1:
        batch = _sliced(batch, slice(0, 1))
        batch = batch._replace(weight=torch.zeros_like(batch.weight))
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
