"""One objective for each kind of lesson: labels by one, texts by another, preferences by a third.

    loss of a lesson = that of the objective named for its kind

    objective: {use: by_kind, text: {use: cross_entropy}, preference: {use: dpo, beta: 0.1}}

A batch holds lessons of one kind, so each objective sees its own batches; it prepares from its own lessons alone. What
is asked of the student is asked kind by kind. Label and Soft are learned by `cross_entropy` unless something else is
named.

Source: our own: arithmetic of parts, nothing estimated.
Neutral limit: with lessons of one kind it is that kind's objective, exactly.

>>> import torch
>>> from tutelage.toys import stream
>>> class Two:
...     def scores(self, batch):
...         return torch.tensor([[0.0, 0.0], [2.0, 0.0]])
>>> batch = Batch(Label, None, {"label": torch.tensor([0, 0])}, torch.ones(2))
>>> [round(loss, 4) for loss in ByKind().losses(Two(), batch, stream(0, "learn")).tolist()]
[0.6931, 0.1269]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import model_validator

from tutelage.core.data import (
    Array,
    Itself,
    Kinds,
    Label,
    Lessons,
    Preference,
    Ranking,
    Replies,
    Rng,
    Share,
    Soft,
    Supervision,
    Target,
    Text,
)
from tutelage.core.descent import Batch
from tutelage.core.method import method
from tutelage.core.parts import name_of, part
from tutelage.core.stages import View
from tutelage.kit.inside import WHOLE, its_own, named
from tutelage.objective.cross_entropy import CrossEntropy

KINDS: tuple[type[Supervision], ...] = (Label, Soft, Text, Replies, Preference, Ranking, Share, Target, Itself)


@method
class ByKind:
    label: Annotated[Any, part("objective")] = CrossEntropy()
    soft: Annotated[Any, part("objective")] = CrossEntropy()
    text: Annotated[Any, part("objective")] = None
    replies: Annotated[Any, part("objective")] = None
    preference: Annotated[Any, part("objective")] = None
    ranking: Annotated[Any, part("objective")] = None
    share: Annotated[Any, part("objective")] = None
    target: Annotated[Any, part("objective")] = None
    itself: Annotated[Any, part("objective")] = None

    needs: ClassVar[Kinds] = frozenset()  # of every kind; each has its own in `faces`

    @model_validator(mode="after")
    def _each_suits(self) -> ByKind:
        for kind, one in self._of().items():
            if kind not in one.accepts:
                known = ", ".join(sorted(other.__name__ for other in one.accepts))
                raise ValueError(f"{name_of(type(one))} accepts {known}, not {kind.__name__}")
        return self

    @property
    def accepts(self) -> Kinds:
        """The kinds that have an objective."""
        return frozenset(self._of())

    @property
    def faces(self) -> Mapping[type[Supervision], Kinds]:
        """What each kind's objective asks of the module."""
        return {
            kind: frozenset(one.needs) | frozenset(getattr(one, "faces", {}).get(kind, ()))
            for kind, one in self._of().items()
        }

    @property
    def couples(self) -> bool:
        """Whether any of them does."""
        return any(one.couples for one in self._of().values())

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]:
        """What each prepared from the lessons of its kind; rows of other kinds are 0."""
        kinds = np.repeat([KINDS.index(block.kind) for block in lessons], [block.size for block in lessons])
        made: dict[str, Array] = {}
        for kind, one in self._of().items():
            mine = tuple(block for block in lessons if block.kind is kind)
            if not mine:
                continue
            rows = np.flatnonzero(kinds == KINDS.index(kind))
            for name, array in named(kind.__name__, one.prepare(mine, view)).items():
                made[name] = array if name.startswith(WHOLE) else _spread(array, rows, len(kinds))
        return made

    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any:
        """(b,) as the kind's objective has them."""
        return self._of()[batch.kind].losses(module, its_own(batch.kind.__name__, batch), rng)

    def _of(self) -> dict[type[Supervision], Any]:
        each = {kind: getattr(self, kind.__name__.lower()) for kind in KINDS}
        return {kind: one for kind, one in each.items() if one is not None}


def _spread(array: Array, rows: Array, count: int) -> Array:
    made = np.zeros((count, *array.shape[1:]), dtype=array.dtype)
    made[rows] = array
    return made
