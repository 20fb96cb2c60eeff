"""Lessons that an objective leaves out for now, replaced by those that come after them, so that batches stay as large.

The planned batches are walked through once, as they come. Each lesson is looked at by the module as it then is; those
that live queue up, and as soon as they fill the next planned batch they are shown. So a pass looks at every lesson
once, whatever lives: the fewer do, the fewer updates it makes, and where none does it makes none. What does not fill a
batch is carried into the next pass, and dropped at the end. With every lesson alive the batches are those planned.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from accelerate.utils import send_to_device

from tutelage.core.data import Bools, Ints
from tutelage.core.descent import Batch, CanSkip
from tutelage.kit.batching import Plan, Slice
from tutelage.kit.device import of


class Filled(NamedTuple):
    """A batch to show. at: how many of the planned ones had been walked through before the one that filled it."""

    slice: Slice
    at: int


def refilled(walked: Iterable[Slice], plan: Plan, alive: Callable[[Ints], Bools]) -> Iterator[Filled]:
    """The batches to show. Batches that a stage fixes, and those with support, stay as they are.

    alive: (b,) which of these lessons, by their numbers in the plan, are not to be left out.
    """
    queues: dict[tuple[int, type], list[int]] = defaultdict(list)
    sizes: dict[tuple[int, type], deque[int]] = defaultdict(deque)
    kinds = [block.kind for block in plan.lessons]
    ends = np.cumsum([block.size for block in plan.lessons])
    for at, one in enumerate(walked):
        if one.support is not None or plan.portions[one.portion].starts is not None:
            yield Filled(one, at)
            continue
        key = (one.portion, kinds[int(np.searchsorted(ends, one.rows[0], side="right"))])
        queue, wanted = queues[key], sizes[key]
        queue += one.rows[alive(one.rows)].tolist()
        wanted.append(len(one.rows))
        while wanted and len(queue) >= wanted[0]:
            size = wanted.popleft()
            yield Filled(Slice(np.array(queue[:size], dtype=np.int64), None, one.portion), at)
            del queue[:size]


def living(objective: CanSkip, module: Any, batch: Batch) -> Bools:
    """(b,) which lessons the objective does not leave out, by the module as in use; its training flags stay."""
    flags = [(layer, layer.training) for layer in module.modules()]
    place = of(module)
    module.eval()
    with torch.no_grad():
        skipped = objective.skips(module, batch if place.type == "cpu" else send_to_device(batch, place))
    for layer, flag in flags:
        layer.training = flag
    return np.asarray(~skipped.cpu().numpy())
