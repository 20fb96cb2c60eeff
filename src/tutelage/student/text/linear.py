"""Softmax regression over word and character n-grams: no download, no network, a second to begin.

    p(c | text) = softmax(W^T f(text) + b),   W, b minimise  sum_i w_i CE_i + |W|^2 / (2 strength)

f counts words and pairs of words, character n-grams of 3 to 5 within words, or both, on a log scale and with rows of
length 1. `features: tfidf` weighs them by how rare they are among the pool's texts (no label is needed for that) and
drops those of fewer than `min_count` texts; `features: hashed` learns nothing from the pool and needs no vocabulary,
for pools of millions.

Source: Salton and Buckley (1988), "tfc"-like weights with logarithmic counts; Weinberger et al. (2009), signed hashing.
Neutral limit: as `strength` falls to 0 the answer to every text is the lessons' class frequencies.

>>> from tutelage.core.data import Rows, Table, labelled
>>> from tutelage.toys import stream
>>> texts = ["my card is lost", "lost my card again", "pay the rent", "the rent is due"]
>>> pool = Table.of("mail", {"text": texts}, labels=["card", "rent"]).pool()
>>> student = Linear().begin(pool, stream(0, "student"))
>>> student.probs(pool)[0].tolist()
[0.5, 0.5]
>>> taught = student.fit((labelled(Rows(pool, np.array([0, 2])), [0, 1], "oracle"),), stream(0, "learn"))
>>> taught.answer(pool, stream(0, "assess")).given["label"].tolist()
[0, 0, 1, 1]
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Block, Floats32, Kinds, Lessons, Modality, Pool, Rng
from tutelage.core.digest import digest
from tutelage.core.forecast import Lot, Width, Work
from tutelage.core.method import method, settings
from tutelage.core.stages import CanFit, CanWeigh, Spend
from tutelage.student import _head
from tutelage.student._head import Head
from tutelage.student.text._ngrams import Ngrams, hashed, weighted

COUNTED = 256  # texts whose n-grams are counted to foretell the work of a fit


@dataclass(frozen=True, eq=False)
class LinearStudent:
    """Fixed n-gram features and a head."""

    maker: Linear
    ngrams: Ngrams
    head: Head

    @property
    def labels(self) -> tuple[str, ...]:
        return self.head.labels

    @functools.cached_property
    def fingerprint(self) -> str:
        return digest(settings(self.maker), self.ngrams.fingerprint, self.head.fingerprint)

    def probs(self, pool: Pool) -> Floats32:
        return self.head.probs(pool, self.ngrams.of)

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return _head.answered(pool, self.probs(pool), self.labels, "text.linear")

    def fit(self, lessons: Lessons, rng: Rng, spend: Spend | None = None) -> LinearStudent:
        return replace(self, head=self.head.fitted(lessons, self.ngrams.of, spend))

    def save(self, folder: Path) -> None:
        _head.save(folder, self.maker, self, {**self.head.arrays(), **_as_arrays(self.ngrams)})


@method
class Linear:
    features: Literal["tfidf", "hashed"] = "tfidf"
    ngrams: Literal["words", "characters", "both"] = "both"
    strength: Annotated[float, Field(gt=0)] = 10.0  # scikit-learn's C; larger trusts the lessons more
    min_count: Annotated[int, Field(ge=1)] = 2  # tfidf: an n-gram of one text alone cannot link it to another
    most: Annotated[int, Field(ge=1)] = 200_000  # tfidf: size of the vocabulary at most
    bits: Annotated[int, Field(ge=1, le=24)] = 18  # hashed: 2**bits columns

    reads: ClassVar[frozenset[Modality]] = frozenset({"text"})
    can: ClassVar[Kinds] = frozenset({CanWeigh, CanFit})

    def begin(self, pool: Pool, rng: Rng) -> LinearStudent:
        if self.features == "tfidf":
            ngrams = weighted(pool, self.ngrams, self.min_count, self.most)
        else:
            ngrams = hashed(self.ngrams, self.bits)
        return LinearStudent(self, ngrams, Head(pool.labels, self.strength))

    def width(self, pool: Pool) -> Width:
        """Counted on a few of the pool's texts; those n-grams that `min_count` drops are among them."""
        some = pool.take(np.linspace(0, len(pool) - 1, min(len(pool), COUNTED), dtype=np.int64))
        entries = hashed(self.ngrams, self.bits).rows(some.texts()).nnz / len(some) if len(some) else 0.0
        return Width(2**self.bits, entries, False)

    def flop(self, lot: Lot) -> Work:
        """Of one fit, as if its lessons' n-grams were more than its lessons."""
        return _head.flop(lot, dense=False)

    def load(self, folder: Path) -> LinearStudent:
        labels, arrays = _head.read(folder, self)
        ngrams = hashed(self.ngrams, self.bits)
        if self.features == "tfidf":
            text = arrays["vocabulary"].tobytes().decode()
            names = text.split("\n") if text else []
            ngrams = Ngrams(self.ngrams, len(names), {name: i for i, name in enumerate(names)}, arrays["idf"])
        student = LinearStudent(self, ngrams, Head(labels, self.strength).with_arrays(labels, arrays))
        _head.checked(folder, student)
        return student


def _as_arrays(ngrams: Ngrams) -> dict[str, Array]:
    """The vocabulary as UTF-8 bytes, one n-gram a line (none holds a line break), and its weights."""
    if ngrams.vocabulary is None or ngrams.idf is None:
        return {}
    return {"vocabulary": np.frombuffer("\n".join(ngrams.vocabulary).encode(), dtype=np.uint8), "idf": ngrams.idf}
