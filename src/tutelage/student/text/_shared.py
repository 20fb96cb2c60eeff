"""One model in memory, many students over it: structural copies that share its numbers, and what differs from it.

The parameters of a copy are its own; the numbers under them stay where they are, shared, until somebody who wants to
move one takes a copy (kit.descent does so with what an adapter opens).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch

from tutelage.core.data import Array


def twin(model: Any, numbers: Mapping[str, Array] = {}) -> Any:
    """The same structure over the same memory, frozen; `numbers` in place of those of the parameters of these names."""
    memo: dict[int, Any] = {id(buffer): buffer for buffer in model.buffers()}
    for name, held in model.named_parameters():
        mine = torch.from_numpy(numbers[name]).to(held.device) if name in numbers else held.data
        memo[id(held)] = torch.nn.Parameter(mine, requires_grad=False)
    return copy.deepcopy(model, memo)


def differs(parameter: Any, before: Any) -> Array | None:
    """The numbers of a parameter, float32 and copied; None where they are those that it had before.

    before: the base's parameter, None where the base has none of that name.
    """
    if before is not None and parameter.data_ptr() == before.data_ptr():
        return None
    value = parameter.detach().cpu().float()
    if before is not None and torch.equal(value, before.detach().cpu().float()):
        return None
    made: Array = value.numpy().copy()
    return made
