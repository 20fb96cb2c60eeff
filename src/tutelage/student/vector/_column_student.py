"""A student of columns: what it answers, how it grows, and how it is kept."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.core.data import Array, Block, Bools, Floats32, Ints, Lessons, Pool, Rng
from tutelage.core.descent import Encoded
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import settings
from tutelage.core.rng import stream
from tutelage.kit.targets import Targets, targets
from tutelage.kit.tasks import tasks_in
from tutelage.student import _head
from tutelage.student.vector._columns import CLOSED, PARTS, Column, Shape, layers_of, outputs, place, shapes
from tutelage.student.vector._network import Layer, begun, hidden, softmax
from tutelage.student.vector._similar import copied, most_similar
from tutelage.student.vector._standard import Standard


@dataclass(frozen=True, eq=False)
class ColumnsStudent:
    """first: the hidden layers of column 0 as drawn. seed: of later columns' weights. arrays: by place."""

    maker: Any  # with hidden, added, heads and begin_from
    names: tuple[str, ...]
    standard: Standard
    first: tuple[Layer, ...]
    seed: int
    columns: tuple[Column, ...]
    arrays: Mapping[str, Array]

    @property
    def labels(self) -> tuple[str, ...]:
        return self.names

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that have been taught, in the order of their first lessons; "" where the table names none."""
        return tuple(dict.fromkeys(column.task for column in self.columns))

    @functools.cached_property
    def fingerprint(self) -> str:
        return digest(settings(self.maker), list(self.names), [list(column) for column in self.columns], self._saved())

    @functools.cached_property
    def embeds_as(self) -> str:
        return digest("vector.columns", self.standard.marks(), [list(layer) for layer in self._hidden])

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        return _head.dense(pool, lambda batch: hidden(self._hidden, self.standard.of(batch)))

    def probs(self, pool: Pool) -> Floats32:
        """Uniform over all labels where a question has no output. Refused where its task has to be told and is not."""
        codes = self._codes(pool)  # before any work, and of an empty pool too
        if not self.columns or not len(pool):
            return _head.uniform(len(pool), len(self.names))
        top, at = self._layers[-1], self._places[codes]
        every = self.embed(pool) @ top.weights + top.bias
        closed = np.full((len(every), 1), CLOSED, dtype=np.float32)
        scores = np.take_along_axis(np.concatenate([every, closed], axis=1), at % (every.shape[1] + 1), axis=1)
        return softmax(scores)

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return _head.answered(pool, self.probs(pool), self.names, "vector.columns")

    def expanded(self, lessons: Lessons) -> ColumnsStudent:
        """A column for every task that is new, or that brings classes which its questions have had no output for."""
        wanted = targets(lessons, self.names)
        named = [name for pool in wanted.pools for name in tasks_in(pool) or [""] * len(pool)]
        made = replace(self, names=wanted.labels)
        for task in dict.fromkeys(named):
            mine = np.array([name == task for name in named])
            there = np.flatnonzero(wanted.probs[mine].max(axis=0) > 0).tolist()
            known = {code for column in made.columns for code in column.labels if column.task == task or not made._told}
            fresh = tuple(code for code in there if code not in known)
            if fresh or task not in made.tasks:
                made = made._with_column(Column(task, fresh), self._like(wanted, mine))
        return made

    @property
    def module(self) -> Any:
        """Faces `scores` and `vectors`; its inputs are x (b, d) and task (b,), a number by `tasks`."""
        from tutelage.student.vector._column_module import Network

        return Network(self.arrays, self._form, self._places)

    def with_module(self, module: Any) -> ColumnsStudent:
        return replace(self, arrays=module.arrays())

    def encode(self, lessons: Lessons) -> Encoded:
        from tutelage.student.vector._column_module import read

        pools = [block.about.examples() for block in lessons]
        none = np.zeros((0, self.standard.width), dtype=np.float32)
        x = np.concatenate([none, *(self.standard.of(pool) for pool in pools)])
        codes = np.concatenate([np.zeros(0, dtype=np.int64), *(self._codes(pool) for pool in pools)])
        return read(lessons, x, codes)

    def save(self, folder: Path) -> None:
        _head.save(folder, self.maker, self, {**self._saved(), **written(self.columns)})

    @property
    def _told(self) -> bool:
        return bool(self.maker.heads == "task")

    @functools.cached_property
    def _form(self) -> list[list[Shape]]:
        grown = (self.maker.hidden if t == 0 else self.maker.added for t in range(len(self.columns)))
        widths = [(*units, len(column.labels)) for units, column in zip(grown, self.columns, strict=True)]
        return shapes(self.standard.width, widths)

    @functools.cached_property
    def _layers(self) -> tuple[Layer, ...]:
        return layers_of(self.arrays, self._form)

    @property
    def _hidden(self) -> tuple[Layer, ...]:
        return self._layers[:-1] if self.columns else self.first

    @functools.cached_property
    def _places(self) -> Ints:
        return outputs(self.columns, self.tasks, len(self.names), self._told)

    def _codes(self, pool: Pool) -> Ints:
        """(n,) the number of each row's task; the last one for a task that was never taught."""
        known, named = self.tasks, tasks_in(pool)
        if named is None and self._told and set(known) - {""}:
            what = f"{pool.table.name!r} has no column task, and every task has a head of its own"
            raise Refused(Fault("student.heads", what, "data that name tasks, or --set student.heads=shared"))
        codes = {name: code for code, name in enumerate(known)}
        return np.array([codes.get(name, len(known)) for name in named or [""] * len(pool)], dtype=np.int64)

    def _like(self, wanted: Targets, mine: Bools) -> int | None:
        """The column that suits these of the lessons best; None where a new one is to be drawn."""
        if self.maker.begin_from == "drawn" or not self.columns or not self.maker.hidden:
            return None
        x = np.concatenate([self.standard.of(pool) for pool in wanted.pools])[mine]
        widths = [shape.above for shape in self._form[-2]]
        return most_similar(hidden(self._hidden, x), widths, wanted.probs[mine], wanted.weight[mine])

    def _with_column(self, column: Column, like: int | None) -> ColumnsStudent:
        """like: the column that it begins as a copy of."""
        t = len(self.columns)
        made = replace(self, columns=(*self.columns, column))
        drawn = self.first
        if t:
            drawn = begun((self.standard.width, *self.maker.added), stream(self.seed, "student.column", t))
        arrays = dict(self.arrays)
        for k, layer in enumerate(made._form):
            for part in PARTS:
                new = np.zeros(layer[t].of(part), dtype=np.float32)
                if part == "own" and k < len(drawn):
                    new = drawn[k].weights
                if new.size:
                    arrays[place(k, len(made._form), t, part)] = new
        if like is not None:
            arrays |= copied(self._layers, self._form, like, drawn, t)
        return replace(made, arrays=arrays)

    def _saved(self) -> dict[str, Array]:
        first = {f"first.{i}.{part}": array for i, layer in enumerate(self.first)
                 for part, array in layer._asdict().items()}  # fmt: skip
        return {**self.standard.arrays(), **first, "seed": np.array(self.seed), **self.arrays}


def written(columns: tuple[Column, ...]) -> dict[str, Array]:
    """Tasks as text; labels one after another, with the column of each."""
    codes = np.array([code for column in columns for code in column.labels], dtype=np.int64)
    whose = np.repeat(np.arange(len(columns)), [len(column.labels) for column in columns])
    return {"columns.task": np.array([column.task for column in columns], dtype=str), "columns.label": codes,
            "columns.whose": whose.astype(np.int64)}  # fmt: skip


def unwritten(arrays: Mapping[str, Array]) -> tuple[Column, ...]:
    """The columns that `written` wrote."""
    codes, whose = arrays["columns.label"], arrays["columns.whose"]
    return tuple(Column(str(task), tuple(codes[whose == t].tolist())) for t, task in enumerate(arrays["columns.task"]))
