"""Several objectives at once: a weighted sum of their losses of the same lesson, weights fixed or moving.

    loss = sum_i w_i(progress) loss_i,    w_i a number, or [start, end]: w_i = start + (end - start) progress

    objective: {use: sum, of: [{use: cross_entropy}, {use: soft_targets}], weights: [1, [0, 0.5]]}

progress is the share of the call's updates done, from 0 up to 1. No weights: each is 1. A lesson is of a kind that all
of them accept. A part whose weight is 0 now is not computed, and leaves the other parts' luck as it was.

Source: our own: arithmetic of parts, nothing estimated.
Neutral limit: one part of weight 1 is that part, exactly.

>>> import torch
>>> from tutelage.core.data import Label
>>> from tutelage.toys import stream
>>> class One:
...     def scores(self, batch):
...         return torch.tensor([[0.0, 0.0]])
>>> batch = Batch(Label, None, {"label": torch.tensor([0])}, torch.ones(1), progress=0.5)
>>> part = Sum(of=(CrossEntropy(), CrossEntropy()), weights=(1.0, (0.0, 1.0)))         # 1.5 log 2
>>> [round(loss, 4) for loss in part.losses(One(), batch, stream(0, "learn")).tolist()]
[1.0397]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from tutelage.core.data import Array, Kinds, Lessons, Rng, Supervision
from tutelage.core.descent import Batch
from tutelage.core.method import method
from tutelage.core.parts import name_of, part
from tutelage.core.stages import View
from tutelage.kit.inside import its_own, named
from tutelage.objective.cross_entropy import CrossEntropy

Weight = Annotated[float, Field(ge=0)]


@method
class Sum:
    of: Annotated[tuple[Any, ...], part("objective"), Field(min_length=1)] = (CrossEntropy(),)
    weights: tuple[Weight | tuple[Weight, Weight], ...] = ()  # one each; none: all 1

    @model_validator(mode="after")
    def _suit(self) -> Sum:
        if self.weights and len(self.weights) != len(self.of):
            raise ValueError(f"{len(self.of)} objectives and {len(self.weights)} weights: one weight each, or none")
        if not self.accepts:
            names = " and ".join(name_of(type(one)) for one in self.of)
            raise ValueError(f"there is no kind of lesson that {names} all accept; by_kind gives each kind its own")
        return self

    @property
    def accepts(self) -> Kinds:
        """What all of them accept."""
        return frozenset.intersection(*(frozenset(one.accepts) for one in self.of))

    @property
    def needs(self) -> Kinds:
        """What any of them asks of the module for every kind."""
        return frozenset().union(*(one.needs for one in self.of))

    @property
    def faces(self) -> Mapping[type[Supervision], Kinds]:
        """What any of them asks for one kind."""
        each = [getattr(one, "faces", {}) for one in self.of]
        return {kind: frozenset().union(*(asked.get(kind, ()) for asked in each)) for kind in self.accepts}

    @property
    def couples(self) -> bool:
        """Whether any of them does."""
        return any(one.couples for one in self.of)

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """What each prepared, under its number."""
        made: dict[str, Array] = {}
        for number, one in enumerate(self.of):
            made.update(named(str(number), one.prepare(lessons, view)))
        return made

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) in the units of the parts."""
        total: Any = 0.0 * batch.weight
        for number, (one, luck) in enumerate(zip(self.of, rng.spawn(len(self.of)), strict=True)):
            weight = _now(self.weights[number], batch.progress) if self.weights else 1.0
            if weight:
                total = total + weight * one.losses(module, its_own(str(number), batch), luck)
        return total


def _now(weight: float | tuple[float, float], progress: float) -> float:
    if isinstance(weight, tuple):
        return weight[0] + (weight[1] - weight[0]) * progress
    return weight
