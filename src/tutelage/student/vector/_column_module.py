"""Columns of units as a torch module, its faces, and vector lessons of several tasks as tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from tutelage.core.data import Array, Floats32, Ints, Lessons
from tutelage.core.descent import Batch
from tutelage.kit.blocks import Columns, columns
from tutelage.kit.descent import as_tensors
from tutelage.student.vector._columns import CLOSED, PARTS, Shape, joined, place


class Network(torch.nn.Module):  # type: ignore[misc]
    """The columns as a torch module with the faces `scores` and `vectors`; copies of the arrays given."""

    def __init__(self, arrays: Mapping[str, Array], form: Sequence[Sequence[Shape]], places: Ints) -> None:
        super().__init__()
        self.form, self.body = form, torch.nn.ModuleList()
        for layer in range(max(len(form) - 1, 0)):
            self.body.append(_columns(arrays, layer, form))
        self.head = _columns(arrays, len(form) - 1, form) if form else torch.nn.ModuleList()
        self.register_buffer("places", torch.from_numpy(places.copy()), persistent=False)

    def vectors(self, batch: Batch, side: str = "") -> Any:
        """(b, d) the units of the last hidden layer, columns in their order."""
        return self._hidden(batch.inputs["x"])

    def scores(self, batch: Batch) -> Any:
        """(b, C) the outputs that a question has; every other class is closed."""
        x = batch.inputs["x"]
        closed = torch.full((len(x), 1), CLOSED, dtype=x.dtype, device=x.device)
        if not self.form:
            return closed.expand(len(x), self.places.shape[1])
        weights, bias = self._layer(len(self.form) - 1)
        every = torch.cat([torch.addmm(bias, self._hidden(x), weights), closed], dim=1)
        return every.gather(1, self.places[batch.inputs["task"]] % every.shape[1])  # -1 is the closed one, the last

    def arrays(self) -> dict[str, Array]:
        """All arrays by their places, copied."""
        return {name: one.detach().cpu().float().numpy().copy() for name, one in self.named_parameters()}

    def _hidden(self, x: Any) -> Any:
        for layer in range(len(self.form) - 1):
            weights, bias = self._layer(layer)
            x = torch.relu(torch.addmm(bias, x, weights))
        return x

    def _layer(self, layer: int) -> tuple[Any, Any]:
        mine = self.head if layer == len(self.form) - 1 else self.body[layer]

        def get(name: str, shape: tuple[int, ...]) -> Any:
            _, column, part = name.rsplit(".", 2)
            held = mine[int(column)]
            return held[part] if part in held else self.places.new_zeros(shape, dtype=torch.float32)

        return joined(get, torch.cat, layer, self.form)


def _columns(arrays: Mapping[str, Array], layer: int, form: Sequence[Sequence[Shape]]) -> Any:
    """What every column brings to one layer, as parameters."""
    made = torch.nn.ModuleList()
    for column in range(len(form[layer])):
        named = {part: place(layer, len(form), column, part) for part in PARTS}
        made.append(torch.nn.ParameterDict({part: torch.nn.Parameter(torch.from_numpy(arrays[name].copy()))
                                            for part, name in named.items() if name in arrays}))  # fmt: skip
    return made


class Read(NamedTuple):
    """Implements core.descent.Encoded: standardised vectors (n, d), and which of the known tasks each is of."""

    x: Any
    task: Any
    held: Columns
    weight: Any

    @property
    def lengths(self) -> Ints | None:
        return None

    def batch(self, rows: Ints) -> Batch:
        kind, given = self.held.of(rows)
        at = torch.from_numpy(np.asarray(rows, dtype=np.int64))
        return Batch(kind, {"x": self.x[at], "task": self.task[at]}, as_tensors(given), self.weight[at])


def read(lessons: Lessons, x: Floats32, task: Ints) -> Read:
    """Lessons about one row each; x (n, d) and task (n,) in their order."""
    held = columns(lessons)
    return Read(torch.from_numpy(x), torch.from_numpy(task), held, torch.from_numpy(held.weight.astype(np.float32)))
