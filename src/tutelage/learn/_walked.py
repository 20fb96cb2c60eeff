"""The walk of `gradient` through a syllabus: every batch as a turn, less those that an earlier life did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from tutelage.core.data import Array, Ints, Rng
from tutelage.core.descent import Batch, Encoded
from tutelage.kit.batching import Counts, Plan, Slice, mean_weight, walk
from tutelage.kit.descent import Turn, as_tensors
from tutelage.kit.kept import Keeper, Kept, answered
from tutelage.kit.refill import Filled, living, refilled


class Material(NamedTuple):
    """What is walked through: lessons as planned, as the student reads them, and as the objective prepared them."""

    plan: Plan
    encoded: Encoded
    prepared: Mapping[str, Array]
    counts: Counts


def turns(how: Any, material: Material, module: Any, rng: Rng, shown: list[Ints], keeper: Keeper, kept: Kept | None,
          skips: bool) -> Iterator[Turn]:  # fmt: skip
    """Every batch with what it is divided by; the last pass counts for the loss that is reported.

    how: a Gradient. shown: is told which lessons each batch holds. skips: lessons with nothing more to learn are
    left out. Turns that `kept` has done are counted and not given again.
    """
    plan, encoded, prepared, counts = material
    weight = np.concatenate([block.weight for block in plan.lessons])
    means = [mean_weight(weight, portion) for portion in plan.portions]
    whole = as_tensors({name: array for name, array in prepared.items() if name.startswith("all_")})
    lengths = None if how.objective.couples else encoded.lengths

    def read(rows: Ints) -> Batch:
        mine = as_tensors({name: array[rows] for name, array in prepared.items() if name not in whole})
        return encoded.batch(rows)._replace(prepared={**whole, **mine})

    walked: Iterable[Slice] = walk(plan, how, rng, lengths)
    filled: Iterable[Filled] = (Filled(one, at) for at, one in enumerate(walked))
    if skips:
        before = np.zeros(0, dtype=bool) if kept is None else kept.looks
        ask = answered(before, lambda rows: living(how.objective, module, read(rows)), keeper.looks)
        filled = refilled(walked, plan, ask)
    for (rows, support, portion), at in filled:
        shown.append(rows)
        if kept is not None and len(shown) <= kept.done:
            continue
        batch = read(rows)._replace(progress=at / counts.updates)
        scored = len(rows)
        if support is not None:
            batch = batch._replace(support=torch.from_numpy(support))
            scored -= int(support.sum())
        yield Turn(batch, means[portion] * scored, at >= counts.updates - counts.last)
