"""A frozen sentence encoder under a small head: the student for a few hundred labels.

    z = T(encoder(text)),   p(c | text) = softmax(W^T z + b),   W, b minimise  sum_i w_i CE_i + |W|^2 / (2 strength)

T is fixed at the start from the pool's unlabelled texts: `plain` leaves embeddings as they are, `centred` subtracts
their mean, `whitened` also gives every principal direction the same variance; `components` keeps the main directions
only. `normalize` brings z to length 1. Every text is encoded once and kept in the user's cache, so a new fit costs
milliseconds. With `head: nearest_mean` nothing is solved: p(c | text) is proportional to exp(strength * cos(z, m_c)),
m_c the mean of the lessons of class c; nor with `head: discriminant`, linear discriminant analysis: to
exp(-|z - m_c|^2 / 2), the distance measured in the covariance that all classes share, `shrinkage` of it as a
multiple of the identity. Both are sums over lessons, so the order in which classes come changes nothing.

Source: Alain and Bengio (2016) for linear probes of frozen layers; Su et al. (2021) for whitened sentence embeddings;
Snell, Swersky and Zemel (2017), section 2, for the nearest mean, here with the cosine; Hayes and Kanan (2020), Lifelong
machine learning with deep streaming linear discriminant analysis, section 3, their shrinkage relative to the variance.
Neutral limit: with `features: plain` and `normalize: false` this is `vector.logistic`, not standardised, on the
encoder's vectors.

>>> from tutelage.core.data import Table
>>> from tutelage.toys import stream
>>> pool = Table.of("mail", {"text": ["my card is lost", "pay the rent"]}, labels=["card", "rent"]).pool()
>>> Embedded().begin(pool, stream(0, "student")).probs(pool).tolist()   # plain: nothing is encoded before a lesson
[[0.5, 0.5], [0.5, 0.5]]
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tutelage.core.data import Block, Floats32, Kinds, Lessons, Modality, Pool, Rng
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused
from tutelage.core.forecast import Lot, Width, Work
from tutelage.core.method import method, settings
from tutelage.core.parts import part
from tutelage.core.stages import CanEmbed, CanFit, CanWeigh, Spend
from tutelage.kit.embeddings import embedded
from tutelage.student import _head
from tutelage.student._head import Head
from tutelage.student.text._projection import Projection, learnt
from tutelage.student.text.encoder.onnx import Onnx


@dataclass(frozen=True, eq=False)
class EmbeddedStudent:
    """An encoder, a projection fixed at the start, and a head."""

    maker: Embedded
    projection: Projection
    head: Head

    @property
    def labels(self) -> tuple[str, ...]:
        return self.head.labels

    @functools.cached_property
    def fingerprint(self) -> str:
        return digest(settings(self.maker), self.embeds_as, self.head.fingerprint)

    @functools.cached_property
    def embeds_as(self) -> str:
        return digest("text.embedded", self.maker.encoder.fingerprint, self.projection.fingerprint)

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        return self.projection.of(encoded(self.maker.encoder, pool))

    def probs(self, pool: Pool) -> Floats32:
        return self.head.probs(pool, self.embed)

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return _head.answered(pool, self.probs(pool), self.labels, "text.embedded")

    def fit(self, lessons: Lessons, rng: Rng, spend: Spend | None = None) -> EmbeddedStudent:
        return replace(self, head=self.head.fitted(lessons, self.embed, spend))

    def save(self, folder: Path) -> None:
        _head.save(folder, self.maker, self, {**self.head.arrays(), **self.projection.arrays()})


@method
class Embedded:
    encoder: Annotated[Any, part("student.text.encoder")] = Onnx()
    features: Literal["plain", "centred", "whitened"] = "plain"
    components: Annotated[int, Field(ge=1)] | None = None  # None: all; not for `plain`
    normalize: bool = True
    head: Literal["softmax", "nearest_mean", "discriminant"] = "softmax"
    strength: Annotated[float, Field(gt=0)] = 10.0  # scikit-learn's C; nearest_mean: what multiplies the cosine
    shrinkage: Annotated[float, Field(gt=0, le=1)] = 0.1  # of discriminant

    reads: ClassVar[frozenset[Modality]] = frozenset({"text"})
    can: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed, CanFit})

    def begin(self, pool: Pool, rng: Rng) -> EmbeddedStudent:
        if self.features == "plain" and self.components is not None:
            what = "`components` needs `features: centred` or `features: whitened`"
            raise Refused(Fault("student.components", what, "tutelage show student/text.embedded"))
        batches = (encoded(self.encoder, batch) for batch in pool.batches(_head.AT_ONCE))
        projection = learnt(batches, self.encoder.width, self.features, self.components, self.normalize)
        return EmbeddedStudent(self, projection, Head(pool.labels, self.strength, self.head, self.shrinkage))

    def width(self, pool: Pool) -> Width:
        """Of the projection; nothing is encoded."""
        size = self.encoder.width if self.components is None else min(self.components, self.encoder.width)
        return Width(size, size, True)

    def flop(self, lot: Lot) -> Work:
        """Of one fit of the head."""
        return _head.flop(lot, self.head)

    def load(self, folder: Path) -> EmbeddedStudent:
        labels, arrays = _head.read(folder, self)
        head = Head(labels, self.strength, self.head, self.shrinkage).with_arrays(labels, arrays)
        student = EmbeddedStudent(self, Projection.with_arrays(arrays, self.normalize), head)
        _head.checked(folder, student)
        return student


def encoded(encoder: Any, pool: Pool) -> Floats32:
    """(n, width) the encoder's own vectors, computed once a text and kept in the user's cache."""
    return embedded(pool, encoder.fingerprint, encoder.encode, encoder.width, encoder=encoder)
