"""Answers with the class whose mean is nearest: nothing is solved, and no lesson can undo another.

    m_c = sum_i w_i y_ic z_i / sum_i w_i y_ic,    p(c | x) = softmax_c( - strength / 2 |z - m_c|^2 )

z are the vectors, with `standardise` at mean 0 and variance 1 over the pool; y are labels or shares, w the lessons'
weights. `covariance: shared` measures the distance in the covariance that all classes share, `shrinkage` of it as a
multiple of the identity: linear discriminant analysis, still nothing but sums over lessons. Sums, so that the order in
which tasks come changes nothing: a class that is learned later moves no mean that is there, and what is forgotten is
only what a new mean comes nearer to. A class without a lesson has probability 0. Its embedding is z.

Source: Mensink, Verbeek, Perronnin and Csurka (2013), Distance-based image classification, section 4, without their
learned metric; as the classifier of class-incremental learning Rebuffi et al. (2017), iCaRL, equation 2; with a shared
covariance Hayes and Kanan (2020), section 3, their shrinkage relative to the mean variance.
Neutral limit: with one lesson a class it answers as `vector.nearest` does among vectors of one length; a shared
covariance of shrinkage 1 answers as none does.

>>> from tutelage.core.data import Rows, labelled
>>> from tutelage.toys import CODES, POOL, stream
>>> student = NearestMean(standardise=False).begin(POOL, stream(0, "student"))
>>> taught = student.fit((labelled(Rows(POOL, np.array([0, 5])), CODES[[0, 5]], "oracle"),), stream(0, "learn"))
>>> taught.answer(POOL, stream(0, "assess")).given["label"].tolist()
[0, 0, 0, 1, 1, 1]
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Block, Floats, Floats32, Kinds, Lessons, Modality, Pool, Rng
from tutelage.core.digest import digest
from tutelage.core.forecast import Lot, Width, Work
from tutelage.core.method import method, settings
from tutelage.core.stages import CanEmbed, CanFit, CanWeigh, Spend
from tutelage.kit.class_moments import precision, weighted_means
from tutelage.kit.softmax_flop import discriminant_flop, nearest_mean_flop
from tutelage.kit.targets import targets
from tutelage.student import _head
from tutelage.student.vector._standard import Standard, standard


@dataclass(frozen=True, eq=False)
class NearestMeanStudent:
    """means (C, d) and masses (C,): the weight of each class's lessons, 0 for a class without one. turned (C, d): the
    means times the inverse of the covariance, the means themselves without one.
    """

    maker: NearestMean
    labels: tuple[str, ...]
    standard: Standard
    means: Floats
    masses: Floats
    turned: Floats

    @functools.cached_property
    def fingerprint(self) -> str:
        return digest(settings(self.maker), list(self.labels), self._arrays())

    @functools.cached_property
    def embeds_as(self) -> str:
        return digest("vector.nearest_mean", self.standard.mean, self.standard.deviation)

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        return self.standard.of(pool)

    def probs(self, pool: Pool) -> Floats32:
        if not self.masses.any() or not len(pool):
            return _head.uniform(len(pool), len(self.labels))
        return _head.dense(pool, self._told)

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return _head.answered(pool, self.probs(pool), self.labels, "vector.nearest_mean")

    def fit(self, lessons: Lessons, rng: Rng, spend: Spend | None = None) -> NearestMeanStudent:
        wanted = targets(lessons, self.labels)
        parts = [self.standard.of(pool) for pool in wanted.pools]
        z = np.concatenate([np.zeros((0, self.standard.width), np.float32), *parts]).astype(np.float64)
        if spend is not None:
            spend(self.maker.work(len(z), z.shape[1], len(wanted.labels)))
        pull = wanted.probs.astype(np.float64) * wanted.weight[:, None]
        means, masses = weighted_means(z, pull)
        shared = self.maker.covariance == "shared" and masses.any()
        turned = means @ precision(z, pull, means, self.maker.shrinkage) if shared else means
        return replace(self, labels=wanted.labels, means=means, masses=masses, turned=turned)

    def save(self, folder: Path) -> None:
        _head.save(folder, self.maker, self, self._arrays())

    def _told(self, pool: Pool) -> Floats32:
        """(n, C). Only distances differ between classes, so |z|^2 is left out."""
        near = self.standard.of(pool).astype(np.float64) @ self.turned.T - (self.turned * self.means).sum(axis=1) / 2
        scores = np.where(self.masses > 0, self.maker.strength * near, -np.inf)
        each = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(each / each.sum(axis=1, keepdims=True), dtype=np.float32)

    def _arrays(self) -> dict[str, Array]:
        turned = {"turned": self.turned} if self.maker.covariance == "shared" else {}
        return {"means": self.means, "weights": self.masses, **turned, **self.standard.arrays()}


@method
class NearestMean:
    """strength: what half the squared distance is multiplied with; it changes probabilities, never an answer."""

    strength: Annotated[float, Field(gt=0)] = 1.0
    standardise: bool = True
    covariance: Literal["identity", "shared"] = "identity"
    shrinkage: Annotated[float, Field(gt=0, le=1)] = 0.1  # of a shared covariance

    reads: ClassVar[frozenset[Modality]] = frozenset({"vector"})
    can: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed, CanFit})

    def begin(self, pool: Pool, rng: Rng) -> NearestMeanStudent:
        held = standard(pool, self.standardise)
        none = np.zeros((len(pool.labels), held.width))
        return NearestMeanStudent(self, pool.labels, held, none, np.zeros(len(pool.labels)), none)

    def width(self, pool: Pool) -> Width:
        """Every number of a vector counts."""
        return _head.vectors(pool)

    def flop(self, lot: Lot) -> Work:
        """Of one fit, exact where the width is."""
        if not lot.rows:
            return Work(0.0, True)
        return Work(self.work(lot.rows, lot.width.columns, lot.labels), lot.width.exact)

    def work(self, rows: float, width: float, classes: float) -> float:
        """FLOP of a fit."""
        if self.covariance == "shared":
            return discriminant_flop(rows, width, classes)
        return nearest_mean_flop(rows * width, classes)

    def load(self, folder: Path) -> NearestMeanStudent:
        labels, arrays = _head.read(folder, self)
        held = Standard(arrays["mean"], arrays["deviation"])
        means = arrays["means"]
        student = NearestMeanStudent(self, labels, held, means, arrays["weights"], arrays.get("turned", means))
        _head.checked(folder, student)
        return student
