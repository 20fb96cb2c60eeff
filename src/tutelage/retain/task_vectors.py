"""Learn each episode alone from the start, and show the start with the changes of all episodes merged into it.

    v_t = w_t - w_0,    shown = w_0 + scale merge(v_1 .. v_T),    w_t learned from w_0 on the lessons of episode t
    sum: sum_t v_t      mean: 1/T sum_t v_t
    drop: of each v_t so large a share of entries, drawn by lot, is 0, and the rest is divided by 1 - drop
    ties: of each array of v_t the share `density` of largest entries; each weight takes the sign of their sum over t,
          and the mean of those entries that have this sign

Low-rank layers that an episode puts beside the first student's count as what they add to the layers beside them, so
that merging adapters gives full weights; other weights must be there from the start. The next episode begins at w_0
again, so that no episode undoes another and none is learned twice; that needs `restart: false`. Memory holds one vector
for sum and mean, one an episode for ties. What a head has grown by since the start has w_0 = 0 there.

Source: Ilharco et al. (2023), Editing models with task arithmetic, section 2 (sum); Yadav et al. (2023), TIES-Merging,
trim, elect sign, disjoint merge; they trim over all arrays at once; Yu et al. (2024), DARE, equations 2 to 4 (drop).
Neutral limit: one episode at scale 1, by sum or mean, shows the student as learned; scale 0 shows the start; drop 0
drops nothing.

>>> merged([np.array([3.0, -1]), np.array([1.0, 2])], "ties", 1.0).tolist()
[2.0, 2.0]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import numpy as np
import torch
from pydantic import Field

from tutelage.core.data import Array, Floats, Kinds, Lessons, Rng
from tutelage.core.descent import CanDescend
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.stages import Penalty, Settled, Student, View, able
from tutelage.kit.weights import Weights

Merge: TypeAlias = Literal["sum", "mean", "ties"]


@method
class TaskVectors:
    merge: Merge = "sum"
    scale: float = 1.0
    drop: Annotated[float, Field(ge=0, lt=1)] = 0.0  # share of each vector's entries that is left out by lot
    density: Annotated[float, Field(gt=0, le=1)] = 0.2  # share of each vector's entries that ties keeps

    needs: ClassVar[Kinds] = frozenset({CanDescend})
    combines: ClassVar[bool] = True

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """No old lesson is added to the new ones."""
        return ()

    def penalty(self, view: View) -> Penalty | None:
        """Nothing is added to the loss."""
        return None

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The first student goes on, the merged one is shown; without a new lesson merged as before."""
        vectors, count = list(view.memory.get("vectors", ())), int(view.memory.get("episodes", 0))
        first, now = Weights(view.first), Weights(view.student, merged=True)
        if strange := sorted(set(now) ^ set(first)):
            what = f"{strange[0]} and {len(strange) - 1} more weights are not those that the run began with"
            raise Refused(Fault("retain", what, "an adapter that adds no weights, or lora for a student without it"))
        if any((block.weight > 0).any() for block in new):
            change = {name: now[name] - _grown(first[name], shape) for name, shape in now.shapes().items()}
            if self.drop:
                change = {name: _dropped(array, self.drop, rng) for name, array in change.items()}
            if self.merge != "ties" and vectors:
                change = {name: array + _grown(vectors[0][name], array.shape) for name, array in change.items()}
                vectors = []
            vectors, count = [*vectors, change], count + 1
        if not vectors:
            return Settled(view.student)
        carrier = view.first if now.beside else view.student  # low-rank layers have been added into their layers
        shown = self._shown(carrier, first, vectors, count)
        return Settled(view.first, shown, {"vectors": vectors, "episodes": count})

    def _shown(self, student: Student, first: Mapping[str, Array], vectors: Any, count: int) -> Student:
        shown = able(student, CanDescend)
        module = shown.module
        for name, weight in module.named_parameters():
            shape = tuple(weight.shape)
            several = [_grown(one[name], shape).astype(np.float64) for one in vectors]
            over = count if self.merge == "mean" else 1
            made = _grown(first[name], shape) + self.scale / over * merged(several, self.merge, self.density)
            weight.data = torch.from_numpy(np.asarray(made)).to(weight.dtype)
        return shown.with_module(module)


def merged(vectors: Sequence[Floats], how: Merge, density: float) -> Floats:
    """Arrays of one shape as one: their sum, or by ties."""
    if how != "ties":
        return np.asarray(np.sum(vectors, axis=0))
    trimmed = np.stack([_largest(one, density) for one in vectors])
    agree = np.sign(trimmed) == np.sign(trimmed.sum(axis=0))
    counts = (agree & (trimmed != 0)).sum(axis=0)
    return np.asarray((trimmed * agree).sum(axis=0) / np.maximum(counts, 1))


def _largest(vector: Floats, density: float) -> Floats:
    """The vector with 0 in place of all but this share of its entries, the largest ones; of equal ones all."""
    sizes = np.abs(vector).reshape(-1)
    if not len(sizes):
        return vector
    keep = max(round(density * len(sizes)), 1)
    least = np.partition(sizes, len(sizes) - keep)[len(sizes) - keep]
    return np.where(np.abs(vector) >= least, vector, 0.0)


def _dropped(vector: Array, share: float, rng: Rng) -> Array:
    """Each entry 0 with this chance, else divided by 1 - share, so that its mean over luck is what it was."""
    kept = rng.random(vector.shape, dtype=np.float32) >= share
    return np.asarray(vector * kept / vector.dtype.type(1 - share))


def _grown(array: Array, shape: tuple[int, ...]) -> Array:
    """With 0 behind what there is, up to this shape."""
    return np.pad(array, [(0, size - had) for size, had in zip(shape, array.shape, strict=True)])
