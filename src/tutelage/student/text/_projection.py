"""A fixed linear map of embeddings, made from unlabelled ones: centred, whitened, cut to the main directions."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from tutelage.core.data import Array, Floats, Floats32
from tutelage.core.digest import digest
from tutelage.kit.pooling import unit

SHRINK = 1e-2  # of the mean variance is added to each before whitening: a direction without variance is noise


@dataclass(frozen=True, eq=False)
class Projection:
    """x -> (x - mean) basis, at length 1 when `normalize` is on. None stands for no such step."""

    mean: Floats32 | None = None  # (width,)
    basis: Floats32 | None = None  # (width, d)
    normalize: bool = True

    @functools.cached_property
    def fingerprint(self) -> str:
        return digest("projection", self.mean, self.basis, self.normalize)

    def of(self, vectors: Floats32) -> Floats32:
        """(n, d) float32"""
        if self.mean is not None:
            vectors = vectors - self.mean
        if self.basis is not None:
            vectors = vectors @ self.basis
        return unit(vectors) if self.normalize else vectors

    def arrays(self) -> dict[str, Array]:
        held = {"mean": self.mean, "basis": self.basis}
        return {name: array for name, array in held.items() if array is not None}

    @staticmethod
    def with_arrays(arrays: Mapping[str, Array], normalize: bool) -> Projection:
        """The projection that `arrays` was taken from."""
        return Projection(arrays.get("mean"), arrays.get("basis"), normalize)


def learnt(
    batches: Iterable[Floats32], width: int, features: str, components: int | None, normalize: bool
) -> Projection:
    """From unlabelled embeddings, read once in batches. features: "plain", "centred" or "whitened".

    With eigenvalues l_k of their covariance, largest first, and directions v_k: centred with `components` projects on
    the first so many v_k; whitened also divides each by sqrt(l_k + SHRINK * mean l). Without embeddings: plain.
    """
    if features == "plain":
        return Projection(normalize=normalize)
    count, mean, covariance = _moments(batches, width)
    if count == 0:
        return Projection(normalize=normalize)
    if features == "centred" and components is None:
        return Projection(mean.astype(np.float32), None, normalize)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = np.maximum(values[::-1], 0.0)[:components], _signed(vectors[:, ::-1][:, :components])
    if features == "whitened":
        vectors = vectors / np.sqrt(values + SHRINK * max(np.trace(covariance) / width, 1e-12))
    return Projection(mean.astype(np.float32), np.ascontiguousarray(vectors, dtype=np.float32), normalize)


def _moments(batches: Iterable[Floats32], width: int) -> tuple[int, Floats, Floats]:
    """Count, mean and covariance in float64, in one pass; shifted by the first batch's mean against cancellation."""
    count, sums, products = 0, np.zeros(width), np.zeros((width, width))
    shift = np.zeros(width)
    for batch in batches:
        rows = batch.astype(np.float64)
        if count == 0 and len(rows):
            shift = rows.mean(axis=0)
        rows -= shift
        count += len(rows)
        sums += rows.sum(axis=0)
        products += rows.T @ rows
    mean = sums / max(count, 1)
    return count, shift + mean, products / max(count, 1) - np.outer(mean, mean)


def _signed(vectors: Floats) -> Floats:
    """Each direction with its largest entry positive: an eigenvector's sign is arbitrary, a fingerprint is not."""
    largest = np.abs(vectors).argmax(axis=0)
    return np.asarray(vectors * np.where(vectors[largest, np.arange(vectors.shape[1])] < 0, -1.0, 1.0))
