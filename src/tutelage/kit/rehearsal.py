"""Batches of old lessons without end, for penalties that look at what is remembered at every step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from accelerate.utils import send_to_device

from tutelage.core.data import Array, Floats32, Ints, Lessons, Rng
from tutelage.core.descent import Batch
from tutelage.core.stages import Stage
from tutelage.kit.batching import planned, sweep
from tutelage.kit.descent import as_tensors

AT_ONCE = 256  # lessons that are scored at a time


class Rehearsal:
    """Lessons of a student in batches: each comes once before any comes twice, shuffled anew every time.

    prepared: as of an objective; one row a lesson of positive weight, or `all_...` whole. `next_for` moves on.
    """

    def __init__(self, student: Any, lessons: Lessons, size: int, rng: Rng, prepared: Mapping[str, Array]) -> None:
        self._plan = planned((Stage(lessons),))
        self._encoded = student.encode(self._plan.lessons)
        self._prepared, self._turns = prepared, self._walk(size, rng)

    def next_for(self, module: Any) -> Batch:
        """The next batch, where the module is."""
        rows = next(self._turns)
        whole = {name: array for name, array in self._prepared.items() if name.startswith("all_")}
        mine = {name: array[rows] for name, array in self._prepared.items() if name not in whole}
        batch = self._encoded.batch(rows)._replace(prepared=as_tensors({**whole, **mine}))
        device = next(module.parameters()).device
        return batch if device.type == "cpu" else send_to_device(batch, device)  # type: ignore[no-any-return]

    def _walk(self, size: int, rng: Rng) -> Iterator[Ints]:
        (portion,) = self._plan.portions
        while True:
            for places in sweep(portion, size, 1.0, rng, self._encoded.lengths):
                yield portion.items[places]


def mean(losses: Any, batch: Batch) -> Any:
    """Of a batch's losses, each by the weight of its lesson."""
    return (losses * batch.weight).sum() / batch.weight.sum()


def scores_of(student: Any, lessons: Lessons) -> Floats32:
    """(n, C) what a student's module scores for these lessons, in use and without luck; (0, 0) for none."""
    module = student.module.eval()
    made = []
    with torch.no_grad():
        for block in lessons:
            encoded = student.encode((block,))
            for at in range(0, block.size, AT_ONCE):
                batch = encoded.batch(np.arange(at, min(at + AT_ONCE, block.size)))
                made.append(module.scores(batch).float().numpy())
    return np.concatenate(made) if made else np.zeros((0, 0), dtype=np.float32)
