"""Stages of mixtures with exact counts: which sources in which stage, and how much of the earlier ones comes again.

    stage s:  of each source that it names, the first ceil(share n) lessons of a fixed random order of that source;
              of every source of an earlier stage that it does not name, the first ceil(replay n)

    multi-task          stages: [[math, code, general]]
    sequential          stages: [[code], [math], [general]]
    mixed sequential    stages: [[math, code], [general]]
    dual stage (DMT)    stages: [[math, code], [general]], replay: 0.0039
    a mixture           stages: [{math: 1, code: 0.5}, {code: 1}]

A source is a value of the column `by`, or without one the name that a block of lessons carries (who taught it). The
random order of a source is drawn once, so a smaller share is part of a larger one, and what is replayed is the same
lessons in every pass. Inside a stage all its lessons are shuffled, anew for each of its `passes`, and the learner keeps
that order. Every lesson of every source has to stand in some stage, unless its source is named in `leave_out`; nothing
is dropped, or taught twice, that the plan does not say, and counts are exact, never drawn.

Source: Dong et al. (2024), How Abilities in Large Language Models are Affected by Supervised Fine-tuning Data
Composition, arXiv 2310.05492, the four strategies of its last research question.
Optimiser and schedule begin anew at a stage there; here they belong to the learner, whose call spans the plan.
Neutral limit: no `stages` is `as_given`; replay 0 is mixed sequential, replay 1 shows every earlier lesson again.

>>> from tutelage.toys import CODES, POOL, stream, view
>>> from tutelage.core.data import Rows, labelled
>>> told = (([0, 1, 3], "a"), ([5], "b"))
>>> lessons = tuple(labelled(Rows(POOL, np.array(rows)), CODES[rows], who) for rows, who in told)
>>> plan = StagePlan(stages=(("a",), ("b",)), replay=0.5).plan(lessons, view(), stream(0, "order"))
>>> sorted(plan[0].order.tolist()), len(plan[1].order)       # then b, and ceil(0.5 x 3) of a
([0, 1, 2], 3)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from tutelage.core.data import Ints, Kinds, Lessons, Rng
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.method import method
from tutelage.core.stages import Stage, Syllabus, View
from tutelage.kit.orders import column

Share = Annotated[float, Field(gt=0, le=1)]
Shares = dict[str, float]


@method
class StagePlan:
    """stages: each a list of sources, or source -> share of its lessons. replay: share of every earlier source.

    passes: over each stage; one number for all, or one for each. leave_out: sources of which lessons may be left out.
    """

    stages: tuple[Mapping[str, Share] | tuple[str, ...], ...] = ()
    by: str | None = None
    replay: Annotated[float, Field(ge=0, le=1)] = 0.0
    passes: Annotated[int, Field(ge=1)] | tuple[Annotated[int, Field(ge=1)], ...] = 1
    leave_out: tuple[str, ...] = ()

    needs: ClassVar[Kinds] = frozenset()

    @model_validator(mode="after")
    def _passes_of_each(self) -> StagePlan:
        if not isinstance(self.passes, int) and len(self.passes) != len(self.stages):
            raise ValueError(f"{len(self.passes)} numbers of passes for {len(self.stages)} stages")
        if any(not stage for stage in self.stages):
            raise ValueError("a stage names at least one source")
        return self

    def plan(self, lessons: Lessons, view: View, rng: Rng) -> Syllabus:
        """A stage for each pass over each mixture. Refused for an unknown source, or lessons that are in no stage."""
        if not self.stages:
            return (Stage(lessons),)
        picks, shuffles = rng.spawn(2)
        sources = sources_of(lessons, self.by)
        ranked = {name: luck.permutation(sources[name])
                  for name, luck in zip(sorted(sources), picks.spawn(len(sources)), strict=True)}  # fmt: skip
        shares = self._shares(sources)
        made: list[Stage] = []
        for number, luck in enumerate(shuffles.spawn(len(shares))):
            taken = [ranked[name][: exactly(share, len(ranked[name]))] for name, share in shares[number].items()]
            held = np.concatenate([np.zeros(0, dtype=np.int64), *taken])
            times = self.passes if isinstance(self.passes, int) else self.passes[number]
            made += [Stage(lessons, luck.permutation(held).astype(np.int64)) for _ in range(times)]
        return tuple(made)

    def _shares(self, sources: Mapping[str, Ints]) -> list[Shares]:
        """For each stage source -> share, what is replayed included. Without any lesson nothing is refused."""
        named = [dict(stage) if isinstance(stage, Mapping) else dict.fromkeys(stage, 1.0) for stage in self.stages]
        if not sources:
            return [{} for _ in named]
        faults = [
            Fault("order.stages", f"no lesson comes from {name!r}", nearest(name, tuple(sources), "order.by"))
            for name in dict.fromkeys([*(name for stage in named for name in stage), *self.leave_out])
            if name not in sources
        ]
        most: Shares = {}
        made: list[Shares] = []
        for stage in named:
            again = {name: min(self.replay, share) for name, share in most.items() if name not in stage}
            made.append({**stage, **{name: share for name, share in again.items() if share > 0}})
            most |= {name: max(share, most.get(name, 0.0)) for name, share in stage.items()}
        for name, rows in sources.items():
            left = len(rows) - exactly(most.get(name, 0.0), len(rows))
            if left and name not in self.leave_out:
                what = f"{left} of the {len(rows)} lessons from {name!r} are in no stage"
                faults.append(Fault("order.stages", what, f"name {name!r} in a stage, or say leave_out: [{name}]"))
        if faults:
            raise Refused(faults)
        return made


def sources_of(lessons: Lessons, by: str | None) -> dict[str, Ints]:
    """Source -> the numbers of its lessons through all blocks, in the order in which the sources first come."""
    if by is not None:
        coded = column(lessons, by, "order.by").cast(pa.string()).dictionary_encode()
        names, codes = coded.dictionary.to_pylist(), np.asarray(coded.indices, dtype=np.int64)
    else:
        told = [block.source for block in lessons]
        names = list(dict.fromkeys(told))
        each = np.array([names.index(name) for name in told], dtype=np.int64)
        codes = np.repeat(each, [block.size for block in lessons])
    found = {str(name): np.flatnonzero(codes == code) for code, name in enumerate(names)}
    return {name: rows for name, rows in found.items() if len(rows)}


def exactly(share: float, size: int) -> int:
    """ceil(share size); a product that is whole but for rounding counts as whole."""
    return min(math.ceil(share * size - 1e-9), size)
