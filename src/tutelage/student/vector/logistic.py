"""Softmax regression on the vectors themselves, each column brought to mean 0 and variance 1 over the pool.

    p(c | x) = softmax(W^T z + b),  z = (x - mean) / deviation;   W, b minimise  sum_i w_i CE_i + |W|^2 / (2 strength)

Mean and deviation come from the pool's unlabelled vectors at the start and stay. `components: k` puts their first k
principal components in place of the vectors, for a student that sees little. Its embedding is z.

Source: Cox (1958), extended to many classes as in Hastie, Tibshirani and Friedman (2009), section 4.4.
Neutral limit: as `strength` falls to 0 the answer to every vector is the lessons' class frequencies.

>>> import numpy as np
>>> from tutelage.core.data import Rows, labelled
>>> from tutelage.toys import CODES, POOL, stream
>>> student = Logistic().begin(POOL, stream(0, "student"))
>>> taught = student.fit((labelled(Rows(POOL, np.array([0, 5])), CODES[[0, 5]], "oracle"),), stream(0, "learn"))
>>> taught.answer(POOL, stream(0, "assess")).given["label"].tolist()
[0, 0, 0, 1, 1, 1]
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from tutelage.core.data import Block, Floats32, Kinds, Lessons, Modality, Pool, Rng
from tutelage.core.digest import digest
from tutelage.core.forecast import Lot, Width, Work
from tutelage.core.method import method, settings
from tutelage.core.stages import CanEmbed, CanFit, CanWeigh, Spend
from tutelage.student import _head
from tutelage.student._head import Head
from tutelage.student.vector._standard import Features, Reduced, Standard, reduced, standard


@dataclass(frozen=True, eq=False)
class LogisticStudent:
    """A fixed standardisation and a head."""

    maker: Logistic
    standard: Features
    head: Head

    @property
    def labels(self) -> tuple[str, ...]:
        return self.head.labels

    @functools.cached_property
    def fingerprint(self) -> str:
        said = {key: value for key, value in settings(self.maker).items() if value is not None}
        return digest(said, self.embeds_as, self.head.fingerprint)

    @functools.cached_property
    def embeds_as(self) -> str:
        return digest("vector.logistic", *self.standard.marks())

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        return self.standard.of(pool)

    def probs(self, pool: Pool) -> Floats32:
        return self.head.probs(pool, self.standard.of)

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return _head.answered(pool, self.probs(pool), self.labels, "vector.logistic")

    def fit(self, lessons: Lessons, rng: Rng, spend: Spend | None = None) -> LogisticStudent:
        return replace(self, head=self.head.fitted(lessons, self.standard.of, spend))

    def save(self, folder: Path) -> None:
        _head.save(folder, self.maker, self, {**self.head.arrays(), **self.standard.arrays()})


@method
class Logistic:
    strength: Annotated[float, Field(gt=0)] = 1.0  # scikit-learn's C; larger trusts the lessons more
    standardise: bool = True
    components: Annotated[int, Field(ge=1)] | None = None  # principal components of the vectors; None: all they hold

    reads: ClassVar[frozenset[Modality]] = frozenset({"vector"})
    can: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed, CanFit})

    def begin(self, pool: Pool, rng: Rng) -> LogisticStudent:
        held: Features = standard(pool, self.standardise)
        if self.components is not None:
            held = reduced(pool, self.components, self.standardise)
        return LogisticStudent(self, held, Head(pool.labels, self.strength))

    def width(self, pool: Pool) -> Width:
        """Every number of a vector counts, or of its components."""
        whole = _head.vectors(pool)
        size = min(whole.columns, self.components or whole.columns)
        return Width(size, size, True)

    def flop(self, lot: Lot) -> Work:
        """Of one fit: as many evaluations as the solver takes."""
        return _head.flop(lot)

    def load(self, folder: Path) -> LogisticStudent:
        labels, arrays = _head.read(folder, self)
        held: Features = Standard(arrays["mean"], arrays["deviation"])
        if self.components is not None:
            held = Reduced(arrays["centre"], arrays["axes"], Standard(arrays["mean"], arrays["deviation"]))
        student = LogisticStudent(self, held, Head(labels, self.strength).with_arrays(labels, arrays))
        _head.checked(folder, student)
        return student
