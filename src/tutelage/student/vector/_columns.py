"""Columns of units and the links between them: their shapes, and the arrays put together as layers.

Column t has units in every hidden layer and outputs of its own. What it brings to layer k are up to four arrays

    own (in_t, out_t)   old_to_new (in_old, out_t)   new_to_old (in_t, out_old)   bias (out_t,)

in and out its units below and above, old those of all columns before it. The inputs belong to no column, so the first
layer has only `own` and `bias`. An array without a number in it is not held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Array, Floats32, Ints
from tutelage.student.vector._network import Layer

PARTS = ("own", "old_to_new", "new_to_old", "bias")
CLOSED = -1e9  # the score of a class that a question has no output for: finite, since 0 times -inf is no number


class Column(NamedTuple):
    """The task that a column came with, and the classes that it has outputs for."""

    task: str
    labels: tuple[int, ...]


class Shape(NamedTuple):
    """What a column brings to one layer: units below and above, its own and those of all before it."""

    below: int
    above: int
    old_below: int
    old_above: int

    def of(self, part: str) -> tuple[int, ...]:
        """The shape of one of the four arrays."""
        return {"own": (self.below, self.above), "old_to_new": (self.old_below, self.above),
                "new_to_old": (self.below, self.old_above), "bias": (self.above,)}[part]  # fmt: skip


def shapes(inputs: int, widths: Sequence[Sequence[int]]) -> list[list[Shape]]:
    """[layer][column] from the widths of every column, its outputs last."""
    depth = len(widths[0]) if widths else 0
    made: list[list[Shape]] = [[] for _ in range(depth)]
    old = [0] * depth
    for mine in widths:
        for k in range(depth):
            shape = Shape(inputs, mine[k], 0, 0) if k == 0 else Shape(mine[k - 1], mine[k], old[k - 1], old[k])
            made[k].append(shape)
        old = [a + b for a, b in zip(old, mine, strict=True)]
    return made


def place(layer: int, depth: int, column: int, part: str) -> str:
    """Such as body.1.2.old_to_new, or head.2.bias for the topmost layer.

    >>> place(1, 3, 2, "old_to_new"), place(2, 3, 2, "bias")
    ('body.1.2.old_to_new', 'head.2.bias')
    """
    where = "head" if layer == depth - 1 else f"body.{layer}"
    return f"{where}.{column}.{part}"


def joined(get: Callable[[str, tuple[int, ...]], Any], join: Callable[[Any, int], Any], layer: int,
           form: Sequence[Sequence[Shape]]) -> tuple[Any, Any]:  # fmt: skip
    """One layer's weights (d_in, d_out) and bias (d_out,), columns side by side; get: an array by place and shape."""
    weights = bias = None
    for t, shape in enumerate(form[layer]):
        own, reads, feeds, here = (get(place(layer, len(form), t, part), shape.of(part)) for part in PARTS)
        if weights is None:
            weights, bias = own, here
            continue
        bias = join([bias, here], 0)
        if layer == 0:  # the inputs are shared: no link leads from one column's to another's units
            weights = join([weights, own], 1)
        else:
            weights = join([join([weights, reads], 1), join([feeds, own], 1)], 0)
    return weights, bias


def layers_of(arrays: Mapping[str, Array], form: Sequence[Sequence[Shape]]) -> tuple[Layer, ...]:
    """Every layer, the outputs last, as plain arrays."""

    def get(name: str, shape: tuple[int, ...]) -> Floats32:
        return arrays[name] if name in arrays else np.zeros(shape, dtype=np.float32)

    def join(parts: Sequence[Floats32], axis: int) -> Floats32:
        return np.concatenate(parts, axis=axis)

    return tuple(Layer(*joined(get, join, layer, form)) for layer in range(len(form)))


def outputs(columns: Sequence[Column], tasks: Sequence[str], labels: int, told: bool) -> Ints:
    """(tasks + 1, labels) which output answers for a class in a question of a task; -1: none. The last row: any other.

    told: a task has the outputs of its own columns alone; otherwise every question has all of them.
    """
    made = np.full((len(tasks) + 1, labels), -1, dtype=np.int64)
    start = 0
    for column in columns:
        rows: Any = [tasks.index(column.task)] if told else slice(None)
        made[rows, list(column.labels)] = np.arange(start, start + len(column.labels))
        start += len(column.labels)
    return made
