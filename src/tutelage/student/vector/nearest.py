"""Answers with the labels of the lessons most like the question, by cosine: one demonstration, and it is repeated.

    p(c | x) = sum_{i in N} w_i y_ic / sum_{i in N} w_i

N = the `neighbours` lessons whose vectors make the smallest angle with x, w = their weights, y = their labels or
shares. A row taught twice is two lessons. Of lessons equally near some are taken, the same at every question alike; a
vector of length 0 is equally near to all others. Mean and deviation of `standardise` come from the pool's unlabelled
vectors. Its embedding is z, the vectors so standardised. Predicting takes O(lessons) for each row, in blocks.

Source: Cover and Hart (1967), Nearest neighbor pattern classification.
Neutral limit: with as many neighbours as lessons, every answer is the weighted mean of the lessons.

>>> import numpy as np
>>> from tutelage.core.data import Rows, labelled
>>> from tutelage.toys import CODES, POOL, stream
>>> student = Nearest(standardise=False).begin(POOL, stream(0, "student"))
>>> taught = student.fit((labelled(Rows(POOL, np.array([0, 5])), CODES[[0, 5]], "oracle"),), stream(0, "learn"))
>>> taught.answer(POOL, stream(0, "assess")).given["label"].tolist()
[0, 0, 0, 1, 1, 1]
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Block, Floats, Floats32, Kinds, Lessons, Modality, Pool, Rng
from tutelage.core.digest import digest
from tutelage.core.method import method, settings
from tutelage.core.stages import CanEmbed, CanFit, CanWeigh, Spend
from tutelage.kit.neighbours import nearest
from tutelage.kit.targets import targets
from tutelage.student import _head
from tutelage.student.vector._standard import Standard, standard


@dataclass(frozen=True, eq=False)
class NearestStudent:
    """points (m, d) of length 1 or 0, shares (m, C) and weights (m,) of the lessons; m = 0: no lesson yet."""

    maker: Nearest
    labels: tuple[str, ...]
    standard: Standard
    points: Floats32
    shares: Floats32
    weights: Floats

    @functools.cached_property
    def fingerprint(self) -> str:
        return digest(settings(self.maker), list(self.labels), self._arrays())

    @functools.cached_property
    def embeds_as(self) -> str:
        return digest("vector.nearest", self.standard.mean, self.standard.deviation)

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        return self.standard.of(pool)

    def probs(self, pool: Pool) -> Floats32:
        if not len(self.points) or not len(pool):
            return _head.uniform(len(pool), len(self.labels))
        return _head.dense(pool, self._told)

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return _head.answered(pool, self.probs(pool), self.labels, "vector.nearest")

    def fit(self, lessons: Lessons, rng: Rng, spend: Spend | None = None) -> NearestStudent:
        wanted = targets(lessons, self.labels)
        parts = [_directions(self.standard.of(pool)) for pool in wanted.pools]
        points = np.concatenate([self.points[:0], *parts])
        return replace(self, labels=wanted.labels, points=points, shares=wanted.probs, weights=wanted.weight)

    def save(self, folder: Path) -> None:
        _head.save(folder, self.maker, self, self._arrays())

    def _told(self, pool: Pool) -> Floats32:
        """(n, C) the shares of each row's nearest lessons, by weight; on the sphere the nearest make least angles."""
        near = nearest(_directions(self.standard.of(pool)), self.maker.neighbours, self.points).rows
        weights = self.weights[near]
        told = np.einsum("nk,nkc->nc", weights / weights.sum(axis=1, keepdims=True), self.shares[near])
        return np.asarray(told, dtype=np.float32)

    def _arrays(self) -> dict[str, Array]:
        return {"points": self.points, "shares": self.shares, "weights": self.weights, **self.standard._asdict()}


@method
class Nearest:
    """neighbours: how many lessons answer together, fewer where fewer are held."""

    neighbours: Annotated[int, Field(ge=1)] = 1
    standardise: bool = True

    reads: ClassVar[frozenset[Modality]] = frozenset({"vector"})
    can: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed, CanFit})

    def begin(self, pool: Pool, rng: Rng) -> NearestStudent:
        held = standard(pool, self.standardise)
        none = np.zeros((0, len(held.mean)), dtype=np.float32)
        shares = np.zeros((0, len(pool.labels)), dtype=np.float32)
        return NearestStudent(self, pool.labels, held, none, shares, np.zeros(0))

    def load(self, folder: Path) -> NearestStudent:
        labels, arrays = _head.read(folder, self)
        held = Standard(arrays["mean"], arrays["deviation"])
        student = NearestStudent(self, labels, held, arrays["points"], arrays["shares"], arrays["weights"])
        _head.checked(folder, student)
        return student


def _directions(z: Floats32) -> Floats32:
    """(n, d) at length 1; what has no length stays at the origin."""
    lengths = np.sqrt(np.einsum("ij,ij->i", z, z, dtype=np.float64))
    return np.asarray(z / np.where(lengths > 0, lengths, 1)[:, None], dtype=np.float32)
