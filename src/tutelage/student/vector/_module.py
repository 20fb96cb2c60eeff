"""The same network as a torch module, its faces, and vector lessons as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from tutelage.core.data import Ints, Lessons
from tutelage.core.descent import Batch
from tutelage.core.errors import ContractBroken
from tutelage.kit.blocks import Columns, columns
from tutelage.kit.descent import as_tensors
from tutelage.student.vector._network import Layer
from tutelage.student.vector._standard import Features


class Network(torch.nn.Module):  # type: ignore[misc]
    """h_k = max(0, h_(k-1) W_k + b_k), scores = h_K V + v; copies of the arrays given."""

    def __init__(self, layers: Sequence[Layer], head: Layer) -> None:
        super().__init__()
        self.body = torch.nn.ModuleList([_linear(layer) for layer in layers])
        self.head = _linear(head)

    def vectors(self, batch: Batch, side: str = "") -> Any:
        """(b, d) the last hidden layer's outputs."""
        x = batch.inputs
        for layer in self.body:
            x = torch.relu(layer(x))
        return x

    def scores(self, batch: Batch) -> Any:
        """(b, C)"""
        return self.head(self.vectors(batch))

    def layers(self) -> tuple[tuple[Layer, ...], Layer]:
        """The hidden layers and the head as arrays, copied."""
        return tuple(_layer(one) for one in self.body), _layer(self.head)


class Read(NamedTuple):
    """Implements core.descent.Encoded: standardised vectors, (n, d)."""

    x: Any
    held: Columns
    weight: Any

    @property
    def lengths(self) -> Ints | None:
        return None

    def batch(self, rows: Ints) -> Batch:
        kind, given = self.held.of(rows)
        at = torch.from_numpy(np.asarray(rows, dtype=np.int64))
        return Batch(kind, self.x[at], as_tensors(given), self.weight[at])


def read(lessons: Lessons, standard: Features) -> Read:
    """Lessons about one vector each, in the standard of the student. ContractBroken for bags."""
    if any(block.about.starts is not None for block in lessons):
        raise ContractBroken("a network reads lessons about one row each, not bags")
    none = np.zeros((0, standard.width), dtype=np.float32)
    x = np.concatenate([none, *(standard.of(block.about.examples()) for block in lessons)])
    held = columns(lessons)
    return Read(torch.from_numpy(x), held, torch.from_numpy(held.weight.astype(np.float32)))


def _linear(layer: Layer) -> Any:
    made = torch.nn.Linear(*layer.weights.shape, device="meta")  # no weights are drawn, so no luck is used up
    made.weight = torch.nn.Parameter(torch.from_numpy(layer.weights.T.copy()))
    made.bias = torch.nn.Parameter(torch.from_numpy(layer.bias.copy()))
    return made


def _layer(linear: Any) -> Layer:
    weights, bias = (array.detach().cpu().float().numpy().copy() for array in (linear.weight, linear.bias))
    return Layer(np.ascontiguousarray(weights.T), bias)
