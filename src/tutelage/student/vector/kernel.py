"""Similarities to examples of the pool under a linear head: a strong student that needed no label for its features.

    k(x, y) = exp(-gamma |x - y|^2),   f(x) = k(x, L) K^(-1/2),  K = k(L, L),   p = softmax(f(x) V + v)
    minimise  sum_i w_i CE_i / sum_i w_i  +  l2 / 2 |V|^2

L are `landmarks` rows of the pool, drawn when the student begins; f(x) f(y)' is k(x, y) as far as L can tell, the
Nystroem approximation. gamma None: 1 / (d times the variance of all the pool's numbers). V and v start at 0, so that
before any lesson every class is as likely. `learn: {use: gradient}` moves V and v; epochs, batch, lr and l2 belong to
`learn: refit`.

Source: Williams and Seeger (2001), Using the Nystroem method to speed up kernel machines, section 2.
Neutral limit: with every row of the pool as a landmark f(x) f(y)' = k(x, y) there.

>>> from tutelage.core.data import Rows, labelled
>>> from tutelage.toys import CODES, POOL, stream
>>> student = Kernel().begin(POOL, stream(0, "student"))
>>> taught = student.fit((labelled(Rows(POOL, np.array([0, 5])), CODES[[0, 5]], "oracle"),), stream(0, "learn"))
>>> taught.answer(POOL, stream(0, "assess")).given["label"].tolist()
[0, 0, 0, 1, 1, 1]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Floats32, Kinds, Modality, Pool, Rng
from tutelage.core.descent import CanDescend, CanGrow, Scores, Vectors
from tutelage.core.forecast import Lot, Width, Work
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, CanFit, CanWeigh
from tutelage.student.vector._network import Plan
from tutelage.student.vector.mlp import MlpStudent, loaded

SMALLEST = 1e-6  # of the eigenvalues of K, as a share of the largest: float32 tells no smaller ones from 0


class Similar(NamedTuple):
    """f(x) = k(x, landmarks) root"""

    landmarks: Floats32  # (m, d)
    root: Floats32  # (m, m)
    gamma: float

    @property
    def width(self) -> int:
        return len(self.landmarks)

    def of(self, pool: Pool) -> Floats32:
        """(n, m)"""
        return np.asarray(_similarity(pool.vectors(), self.landmarks, self.gamma) @ self.root, dtype=np.float32)

    def marks(self) -> Sequence[Any]:
        return [self.landmarks, self.root, self.gamma]

    def arrays(self) -> Mapping[str, Array]:
        return {"landmarks": self.landmarks, "root": self.root, "gamma": np.array(self.gamma)}


@method
class Kernel:
    landmarks: Annotated[int, Field(ge=1)] = 256  # fewer where the pool is smaller
    gamma: Annotated[float, Field(gt=0)] | None = None
    epochs: Annotated[int, Field(ge=1)] = 200
    batch: Annotated[int, Field(ge=0)] = 32  # 0: all lessons at once
    lr: Annotated[float, Field(gt=0)] = 0.1
    l2: Annotated[float, Field(ge=0)] = 1e-4

    hidden: ClassVar[tuple[int, ...]] = ()
    reads: ClassVar[frozenset[Modality]] = frozenset({"vector"})
    can: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed, CanFit, CanDescend, CanGrow, Scores, Vectors})

    def begin(self, pool: Pool, rng: Rng) -> MlpStudent:
        drawn = np.sort(rng.choice(len(pool), min(self.landmarks, len(pool)), replace=False))
        near = pool.take(drawn).vectors()
        gamma = self.gamma or _usual(pool)
        values, vectors = np.linalg.eigh(_similarity(near, near, gamma))
        kept = values > SMALLEST * values.max(initial=0.0)
        scale = np.where(kept, 1 / np.sqrt(np.where(kept, values, 1.0)), 0.0)
        root = ((vectors * scale) @ vectors.T).astype(np.float32)
        return MlpStudent(self, pool.labels, Similar(near, root, gamma), (), ())

    def width(self, pool: Pool) -> Width:
        """One number for each landmark."""
        size = min(self.landmarks, len(pool))
        return Width(size, size, True)

    def flop(self, lot: Lot) -> Work:
        """Of one fit of the head."""
        plan = Plan(self.epochs, self.batch, self.lr, self.l2)
        return Work(plan.flop([lot.width.columns, lot.classes], lot.rows), True)

    def matrices(self, lot: Lot) -> tuple[float, ...]:
        """The head over every label there is."""
        return (lot.width.columns * float(lot.labels),)

    def load(self, folder: Path) -> MlpStudent:
        def features(arrays: Mapping[str, Array]) -> Similar:
            return Similar(arrays["landmarks"], arrays["root"], float(arrays["gamma"]))

        return loaded(self, folder, features)


def _similarity(x: Floats32, y: Floats32, gamma: float) -> Array:
    """(n, m) float64: squared distances lose too much in single precision."""
    a, b = x.astype(np.float64), y.astype(np.float64)
    away = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.exp(-gamma * np.maximum(away, 0.0)))


def _usual(pool: Pool) -> float:
    """1 / (d times the variance of all numbers of the pool); 1 where they do not vary."""
    count, total, squares = 0, 0.0, 0.0
    for batch in pool.batches(65_536):
        x = batch.vectors().astype(np.float64)
        count, total, squares = count + x.size, total + float(x.sum()), squares + float((x * x).sum())
    variance = squares / max(count, 1) - (total / max(count, 1)) ** 2
    columns = count / max(len(pool), 1)
    return 1 / (columns * variance) if variance * columns > 1e-12 else 1.0
