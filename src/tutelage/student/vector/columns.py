"""A small network that gets a column of units for every task, linked with the columns before it.

    column 0     hidden layers of `hidden` units;   column t > 0     `added` units in each of them
    links        own, from the inputs and within a column; old_to_new; new_to_old;  all of them into rectified units
    p            softmax over outputs: of the task's own columns (`heads: task`), of all columns (`heads: shared`)

A column comes with the first lessons of a task, or of classes that its task has had no output for. Its own links into
hidden units are drawn, all others are 0 at first, so every earlier output is as it was. A row's task stands in its
column `task`; a table without one is one task. `heads: task` is told the task with every question (multi-head, or
task-incremental): it only has to tell the classes of that task apart, which is much easier than `heads: shared`, where
all classes that were ever taught stand beside each other (class-incremental).

`begin_from: similar` lets a later column begin as a copy of that earlier one whose units tell the classes of the new
lessons apart best: the share of the variance, in its last hidden layer, that lies between classes is largest. As many
units as fit are copied, with all they read; outputs start at 0 as ever. One lesson a class cannot tell columns apart;
of equals the earliest is copied, and only columns that were there before these lessons are asked.

Parameters are called body.1.2.old_to_new (layer 1, column 2) or head.2.own, so that patterns name the links of one kind
or one task: `retain: consolidation` and `adapter: stiffness` hold or slow them. Vectors are standardised as in
`vector.mlp`. It learns by `learn: {use: gradient}` alone. With smoothing, say `objective: {over: lesson_labels}`: a
class that a question has no output for has a score of -1e9.

Source: Ling and Bohn (2021), columns with links from old to new and from new to old units, and new units copied from
those of the most similar task, for which they name no measure; without links from new to old, Rusu et al. (2016),
progressive networks, here without adapters between columns.
Neutral limit: with one task it is `vector.mlp` of these hidden layers; `added` of 0 units is one shared trunk, and
there is nothing to copy.

>>> import numpy as np
>>> from tutelage.core.data import Rows, Table, labelled
>>> from tutelage.toys import CODES, POINTS, stream
>>> columns = {"vector": POINTS, "task": ["near", "far"] * 3}
>>> pool = Table.of("toy", columns, labels=["left", "right"]).pool()
>>> student = Columns(hidden=(4,), added=(2,)).begin(pool, stream(0, "student"))
>>> for task in (0, 1):
...     student = student.expanded((labelled(Rows(pool, np.array([task])), CODES[[task]], "oracle"),))
>>> [column.task for column in student.columns], student.arrays["head.1.old_to_new"].shape
(['near', 'far'], (4, 1))
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from tutelage.core.data import Kinds, Modality, Pool, Rng
from tutelage.core.descent import CanDescend, CanExpand, Scores, Vectors
from tutelage.core.forecast import Width
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, CanWeigh
from tutelage.student import _head
from tutelage.student.vector._column_student import ColumnsStudent, unwritten
from tutelage.student.vector._network import Layer, begun
from tutelage.student.vector._standard import Standard, standard


@method
class Columns:
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = (64, 64)  # units of the first task
    added: tuple[Annotated[int, Field(ge=0)], ...] = (16, 16)  # units that every later one adds, layer by layer
    heads: Literal["task", "shared"] = "task"  # task: a question says which task it is of
    begin_from: Literal["drawn", "similar"] = "drawn"  # similar: later columns are copies of an earlier one
    standardise: bool = True

    reads: ClassVar[frozenset[Modality]] = frozenset({"vector"})
    can: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed, CanDescend, CanExpand, Scores, Vectors})

    @model_validator(mode="after")
    def _level(self) -> Columns:
        if len(self.hidden) != len(self.added):
            found = f"hidden has {len(self.hidden)}, added {len(self.added)}"
            raise ValueError(f"every column has units in each hidden layer: {found}")
        return self

    def begin(self, pool: Pool, rng: Rng) -> ColumnsStudent:
        held = standard(pool, self.standardise)
        first = begun((held.width, *self.hidden), rng)
        return ColumnsStudent(self, pool.labels, held, first, int(rng.integers(2**63)), (), {})

    def width(self, pool: Pool) -> Width:
        """Every number of a vector counts."""
        return _head.vectors(pool)

    def load(self, folder: Path) -> ColumnsStudent:
        labels, arrays = _head.read(folder, self)
        held = Standard(arrays["mean"], arrays["deviation"])
        first = tuple(Layer(*(arrays[f"first.{i}.{part}"] for part in Layer._fields)) for i in range(len(self.hidden)))
        links = {name: array for name, array in arrays.items() if name.startswith(("body.", "head."))}
        student = ColumnsStudent(self, labels, held, first, int(arrays["seed"]), unwritten(arrays), links)
        _head.checked(folder, student)
        return student
