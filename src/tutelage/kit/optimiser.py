"""An optimiser over groups of parameters, its rate over time, and its state as arrays that a record can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch

from tutelage.core.descent import Group
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import Memory
from tutelage.kit.sharded import shared, shared_as, whole


class How(Protocol):
    """The settings of the optimiser; `learn/gradient.py` has them. clip None: no clipping."""

    @property
    def optimiser(self) -> str: ...
    @property
    def lr(self) -> float: ...
    @property
    def momentum(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def schedule(self) -> str: ...
    @property
    def warm_up(self) -> float: ...
    @property
    def clip(self) -> float | None: ...
    @property
    def precision(self) -> str: ...
    @property
    def accumulate(self) -> int: ...
    @property
    def recompute(self) -> bool: ...


def begun(opened: Sequence[Group], named: Mapping[str, Any], how: How) -> Any:
    """AdamW (weight decay decoupled) or SGD over these groups; `named` are their parameters."""
    groups = [
        {"params": [named[name] for name in group.names], "lr": how.lr * group.lr_scale,
         "weight_decay": how.weight_decay if group.decay is None else group.decay}
        for group in opened if group.names
    ]  # fmt: skip
    if not groups:
        raise ContractBroken("the adapter opens nothing, so nothing can be learned")
    if how.optimiser == "sgd":
        fused = not any(map(shared, named.values()))  # torch has no fused step of it for shares
        return torch.optim.SGD(groups, momentum=how.momentum, fused=fused)
    return torch.optim.AdamW(groups, fused=True)


def state_of(optimiser: Any, named: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Moments and counters of each parameter, as whole arrays; parameters that were never moved have none."""
    held = {name: optimiser.state.get(parameter, {}) for name, parameter in named.items()}
    return {
        name: {key: _plain(value).numpy().copy() for key, value in items.items() if value is not None}
        for name, items in held.items() if items
    }  # fmt: skip


def _plain(value: Any) -> Any:
    """On the CPU; half precision, which numpy does not have, is written out in full."""
    value = whole(value.detach()).cpu()
    return value.float() if value.dtype == torch.bfloat16 else value


def resume(optimiser: Any, named: Mapping[str, Any], state: Memory) -> None:
    """Go on with these moments; a parameter that has grown since starts with none."""
    for name in sorted(named.keys() & state.keys()):  # in the same order everywhere, where they are shared out
        held, parameter, kind = state[name], named[name], named[name].dtype
        if all(array.shape in ((), tuple(parameter.shape)) for array in held.values()):
            optimiser.state[parameter] = {
                key: shared_as(parameter, torch.from_numpy(array.copy()).to(kind if array.ndim else torch.float32))
                for key, array in held.items()
            }


def pace(number: int, updates: int, schedule: str, warm_up: float) -> float:
    """The share of the rate that update `number` of `updates` takes: up linearly, then constant, linear or cosine.

    >>> [round(pace(number, 4, "linear", 0.25), 2) for number in range(4)]
    [1.0, 1.0, 0.67, 0.33]
    """
    rising = math.ceil(warm_up * updates - 1e-9)
    if number < rising:
        return (number + 1) / rising
    gone = (number - rising) / (updates - rising)
    return {"constant": 1.0, "linear": 1.0 - gone, "cosine": (1 + math.cos(math.pi * gone)) / 2}[schedule]
