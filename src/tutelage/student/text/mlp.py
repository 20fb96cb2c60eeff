"""A frozen sentence encoder under a small network: more than a line can part, and weights that a gradient can move.

    h_0 = (encoder(text) - mean) / deviation,  h_k = max(0, h_(k-1) W_k + b_k),  p = softmax(h_K V + v)
    minimise  sum_i w_i CE_i / sum_i w_i  +  l2 / 2 (sum_k |W_k|^2 + |V|^2)

Mean and deviation come from the pool's texts; `standardise: false` leaves the encoder's vectors as they are. Every text
is encoded once and kept in the user's cache. The first weights are drawn when the student begins, V and v start at 0,
so that before any lesson every class is as likely. The settings epochs, batch, lr and l2 belong to `learn: refit`;
`learn: {use: gradient}` moves the same weights from where they are.

Source: as `vector.mlp`; probes of frozen features with hidden layers: Hewitt and Liang (2019), section 3.
Neutral limit: on the encoder's vectors it is `vector.mlp`.

>>> from tutelage.core.data import Table
>>> from tutelage.core.parts import build
>>> from tutelage.toys import stream
>>> pool = Table.of("mail", {"text": ["my card is lost", "pay the rent"]}, labels=["card", "rent"]).pool()
>>> student = Mlp(standardise=False).begin(pool, stream(0, "student"))
>>> student.probs(pool).tolist()                            # nothing is encoded before a lesson
[[0.5, 0.5], [0.5, 0.5]]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Floats32, Kinds, Modality, Pool, Rng
from tutelage.core.descent import CanDescend, CanGrow, Scores, Vectors
from tutelage.core.forecast import Lot, Width, Work
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import CanEmbed, CanFit, CanWeigh
from tutelage.student import _head
from tutelage.student.text.embedded import encoded
from tutelage.student.text.encoder.onnx import Onnx
from tutelage.student.vector._network import Plan, begun
from tutelage.student.vector._standard import Standard, standard_of
from tutelage.student.vector.mlp import MlpStudent, loaded


class Sentences(NamedTuple):
    """A text's vector, in the standard of the pool's."""

    encoder: Any
    standard: Standard

    @property
    def width(self) -> int:
        return self.standard.width

    def of(self, pool: Pool) -> Floats32:
        """(n, width)"""
        return self.standard.scaled(encoded(self.encoder, pool))

    def marks(self) -> Sequence[Any]:
        return [self.encoder.fingerprint, *self.standard]

    def arrays(self) -> Mapping[str, Array]:
        return self.standard.arrays()


@method
class Mlp:
    encoder: Annotated[Any, part("student.text.encoder")] = Onnx()
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = (64,)
    standardise: bool = True
    epochs: Annotated[int, Field(ge=1)] = 200
    batch: Annotated[int, Field(ge=0)] = 32  # 0: all lessons at once
    lr: Annotated[float, Field(gt=0)] = 0.01
    l2: Annotated[float, Field(ge=0)] = 1e-3

    reads: ClassVar[frozenset[Modality]] = frozenset({"text"})
    can: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed, CanFit, CanDescend, CanGrow, Scores, Vectors})

    def begin(self, pool: Pool, rng: Rng) -> MlpStudent:
        width = self.encoder.width
        held = Standard(np.zeros(width, np.float32), np.ones(width, np.float32))
        if self.standardise and len(pool):
            held = standard_of(lambda: (encoded(self.encoder, batch) for batch in pool.batches(_head.AT_ONCE)), width)
        first = begun((width, *self.hidden), rng)
        return MlpStudent(self, pool.labels, Sentences(self.encoder, held), first, first)

    def width(self, pool: Pool) -> Width:
        """Of the encoder's vectors; nothing is encoded."""
        return Width(self.encoder.width, self.encoder.width, True)

    def flop(self, lot: Lot) -> Work:
        """Of one fit: its epochs are fixed, so it is exact where the number of classes is."""
        plan = Plan(self.epochs, self.batch, self.lr, self.l2)
        return Work(plan.flop([lot.width.columns, *self.hidden, lot.classes], lot.rows), True)

    def matrices(self, lot: Lot) -> tuple[float, ...]:
        """Hidden layers, then the head over every label there is."""
        return tuple(a * b for a, b in pairwise([lot.width.columns, *self.hidden, float(lot.labels)]))

    def load(self, folder: Path) -> MlpStudent:
        def features(arrays: Mapping[str, Array]) -> Sentences:
            return Sentences(self.encoder, Standard(arrays["mean"], arrays["deviation"]))

        return loaded(self, folder, features)
