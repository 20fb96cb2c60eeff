"""A small feed-forward network on vectors: hidden layers of rectified units under a softmax.

    h_0 = (x - mean) / deviation,  h_k = max(0, h_(k-1) W_k + b_k),  p = softmax(h_K V + v)
    minimise  sum_i w_i CE_i / sum_i w_i  +  l2 / 2 (sum_k |W_k|^2 + |V|^2)

Mean and deviation come from the pool, or are 0 and 1 without `standardise`. Adam, minibatches, a rate that falls
linearly to 0. The first weights are drawn when the student begins, V and v start at 0, and every fit starts from there:
a fit's own luck is the order of lessons. Its embedding is h_K, hence new after every fit. A lesson of weight 2 pulls as
hard as two; with `batch: 0` it is the same as two. `learn: {use: gradient}` moves the same weights from where they are,
with torch; the settings epochs, batch, lr and l2 belong to a fit alone.

Source: Rumelhart, Hinton and Williams (1986); Kingma and Ba (2015), algorithm 1; He et al. (2015) for first weights.
Neutral limit: with `hidden: []` and l2 = 1 / (strength * sum of weights) it tends to `vector.logistic`.

>>> from tutelage.core.data import Rows, labelled
>>> from tutelage.toys import CODES, POOL, stream
>>> student = Mlp(hidden=(8,)).begin(POOL, stream(0, "student"))
>>> taught = student.fit((labelled(Rows(POOL, np.array([0, 5])), CODES[[0, 5]], "oracle"),), stream(0, "learn"))
>>> taught.answer(POOL, stream(0, "assess")).given["label"].tolist()
[0, 0, 0, 1, 1, 1]
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Block, Floats32, Kinds, Lessons, Modality, Pool, Rng
from tutelage.core.descent import CanDescend, CanGrow, Encoded, Scores, Vectors
from tutelage.core.digest import digest
from tutelage.core.forecast import Lot, Width, Work
from tutelage.core.method import method, settings
from tutelage.core.parts import name_of
from tutelage.core.stages import CanEmbed, CanFit, CanWeigh, Spend
from tutelage.kit.targets import longest, targets
from tutelage.student import _head
from tutelage.student.vector._network import Layer, Plan, begun, hidden, probs, trained
from tutelage.student.vector._standard import Features, Standard, standard


@dataclass(frozen=True, eq=False)
class MlpStudent:
    """first: the hidden layers as drawn. layers, top: as they are now; top None: no lesson yet.

    Students of other features (`vector.kernel`, `text.mlp`) are the same network over another `standard`.
    """

    maker: Any  # with hidden, epochs, batch, lr and l2
    names: tuple[str, ...]
    standard: Features
    first: tuple[Layer, ...]
    layers: tuple[Layer, ...]
    top: Layer | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        return self.names

    @functools.cached_property
    def fingerprint(self) -> str:
        return digest(settings(self.maker), list(self.names), self._arrays())

    @functools.cached_property
    def embeds_as(self) -> str:
        return digest(name_of(type(self.maker)), self.standard.marks(), [list(layer) for layer in self.layers])

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        return _head.dense(pool, lambda batch: hidden(self.layers, self.standard.of(batch)))

    def probs(self, pool: Pool) -> Floats32:
        top = self.top
        if top is None or not len(pool):
            return _head.uniform(len(pool), len(self.names))
        return _head.dense(pool, lambda batch: probs(self.layers, top, self.standard.of(batch)))

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return _head.answered(pool, self.probs(pool), self.names, name_of(type(self.maker)))

    def fit(self, lessons: Lessons, rng: Rng, spend: Spend | None = None) -> MlpStudent:
        wanted = targets(lessons, self.names)
        if not len(wanted.weight):
            return replace(self, names=wanted.labels, layers=self.first, top=None)
        x = np.concatenate([self.standard.of(pool) for pool in wanted.pools])
        seen = np.flatnonzero(wanted.probs.max(axis=0) > 0)
        width = self.first[-1].weights.shape[1] if self.first else x.shape[1]
        start = Layer(np.zeros((width, len(seen)), np.float32), np.zeros(len(seen), np.float32))
        plan = Plan(self.maker.epochs, self.maker.batch, self.maker.lr, self.maker.l2)
        if spend is not None:
            spend(plan.flop([self.standard.width, *self.maker.hidden, len(seen)], len(x)))
        layers, top = trained(self.first, start, x, wanted.probs[:, seen], wanted.weight, plan, rng)
        return replace(self, names=wanted.labels, layers=layers, top=_widened(top, seen, len(wanted.labels)))

    def with_labels(self, labels: Sequence[str]) -> MlpStudent:
        names = longest([self.names, tuple(labels)])
        top = None if self.top is None else _widened(self.top, np.arange(len(self.names)), len(names))
        return replace(self, names=names, top=top)

    @property
    def module(self) -> Any:
        """Faces `scores` and `vectors`. A class of probability 0 starts as every class does: weights and bias 0."""
        from tutelage.student.vector._module import Network

        width = self.first[-1].weights.shape[1] if self.first else self.standard.width
        classes = len(self.names)
        top = self.top or Layer(np.zeros((width, classes), np.float32), np.zeros(classes, np.float32))
        return Network(self.layers, top._replace(bias=np.where(np.isfinite(top.bias), top.bias, np.float32(0))))

    def with_module(self, module: Any) -> MlpStudent:
        layers, top = module.layers()
        return replace(self, layers=layers, top=top)

    def encode(self, lessons: Lessons) -> Encoded:
        from tutelage.student.vector._module import read

        return read(lessons, self.standard)

    def save(self, folder: Path) -> None:
        _head.save(folder, self.maker, self, self._arrays())

    def _arrays(self) -> dict[str, Array]:
        tops = () if self.top is None else (self.top,)
        named = {"first": self.first, "layer": self.layers, "top": tops}
        held = {f"{n}.{i}.{part}": array for n, layers in named.items() for i, layer in enumerate(layers)
                for part, array in layer._asdict().items()}  # fmt: skip
        return {**self.standard.arrays(), **held}


@method
class Mlp:
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = (64,)
    epochs: Annotated[int, Field(ge=1)] = 200
    batch: Annotated[int, Field(ge=0)] = 32  # 0: all lessons at once
    lr: Annotated[float, Field(gt=0)] = 0.01
    l2: Annotated[float, Field(ge=0)] = 1e-3
    standardise: bool = True

    reads: ClassVar[frozenset[Modality]] = frozenset({"vector"})
    can: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed, CanFit, CanDescend, CanGrow, Scores, Vectors})

    def begin(self, pool: Pool, rng: Rng) -> MlpStudent:
        held = standard(pool, self.standardise)
        first = begun((len(held.mean), *self.hidden), rng)
        return MlpStudent(self, pool.labels, held, first, first)

    def width(self, pool: Pool) -> Width:
        """Every number of a vector counts."""
        return _head.vectors(pool)

    def flop(self, lot: Lot) -> Work:
        """Of one fit: its epochs are fixed, so it is exact where the number of classes is."""
        plan = Plan(self.epochs, self.batch, self.lr, self.l2)
        return Work(plan.flop([lot.width.columns, *self.hidden, lot.classes], lot.rows), True)

    def matrices(self, lot: Lot) -> tuple[float, ...]:
        """Hidden layers, then the head over every label there is."""
        widths = [lot.width.columns, *self.hidden, float(lot.labels)]
        return tuple(a * b for a, b in pairwise(widths))

    def load(self, folder: Path) -> MlpStudent:
        return loaded(self, folder, lambda arrays: Standard(arrays["mean"], arrays["deviation"]))


def loaded(maker: Any, folder: Path, features: Callable[[Mapping[str, Array]], Features]) -> MlpStudent:
    """A saved network over the features that its arrays give. Refused when it does not come back as it was."""
    labels, arrays = _head.read(folder, maker)
    depth = range(len(maker.hidden))
    first, layers = (_layers(arrays, [f"{name}.{i}" for i in depth]) for name in ("first", "layer"))
    top = _layers(arrays, ["top.0"])[0] if "top.0.bias" in arrays else None
    student = MlpStudent(maker, labels, features(arrays), first, layers, top)
    _head.checked(folder, student)
    return student


def _layers(arrays: Mapping[str, Array], names: Sequence[str]) -> tuple[Layer, ...]:
    return tuple(Layer(arrays[f"{name}.weights"], arrays[f"{name}.bias"]) for name in names)


def _widened(top: Layer, seen: Array, classes: int) -> Layer:
    """A column for every label; those without a lesson get probability 0."""
    weights = np.zeros((len(top.weights), classes), dtype=np.float32)
    bias = np.full(classes, -np.inf, dtype=np.float32)
    weights[:, seen], bias[seen] = top.weights, top.bias
    return Layer(weights, bias)
