"""Class lessons of several blocks as one table: which rows, which distribution over the classes, which weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Block, Floats, Floats32, Label, Lessons, Pool, Soft
from tutelage.core.errors import ContractBroken


class Targets(NamedTuple):
    """n = rows of all pools together, in their order. Lessons of weight 0 are not among them."""

    pools: tuple[Pool, ...]  # one per block; the same row may stand in several
    probs: Floats32  # (n, C), rows sum to 1
    weight: Floats  # (n,) > 0
    labels: tuple[str, ...]


def targets(lessons: Lessons, labels: Sequence[str] = ()) -> Targets:
    """Label and Soft blocks combined; `labels`: those known before. ContractBroken for other kinds and for bags."""
    names = longest([tuple(labels), *(block.about.pool.labels for block in lessons)])
    pools, probs, weight = [], [np.zeros((0, len(names)), dtype=np.float32)], [np.zeros(0)]
    for block in lessons:
        keep = np.flatnonzero(block.weight > 0)
        if len(keep) == 0:
            continue
        pools.append(block.about.pool.take(block.about.rows[keep]))
        probs.append(_given(block, len(names))[keep])
        weight.append(np.asarray(block.weight, dtype=np.float64)[keep])
    return Targets(tuple(pools), np.concatenate(probs), np.concatenate(weight), names)


def longest(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """The longest label list. ContractBroken unless every other one is a beginning of it: codes must mean one thing."""
    several = [tuple(names) for names in lists]
    whole = max(several, key=len, default=())
    for names in several:
        if names != whole[: len(names)]:
            raise ContractBroken(f"label lists disagree: {names[:5]} ... is not a beginning of {whole[:5]} ...")
    return whole


def _given(block: Block, classes: int) -> Floats32:
    """(b, classes) the block's targets; missing columns of a Soft block are 0."""
    if block.kind not in (Label, Soft) or block.about.starts is not None:
        bags = "" if block.about.starts is None else " over bags"
        raise ContractBroken(
            f"class targets come from Label and Soft lessons about one row each, not {block.kind.__name__}{bags}"
        )
    table = np.zeros((block.size, classes), dtype=np.float32)
    if block.kind is Label:
        table[np.arange(block.size), block.given["label"]] = 1.0
    else:
        given = np.asarray(block.given["probs"], dtype=np.float32)
        table[:, : given.shape[1]] = given
    return table
