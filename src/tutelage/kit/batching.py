"""From a syllabus to batches: which lessons, in which order, how often; and exactly how many updates that will be.

    a pass     goes through the lessons of a stage once
    no order   lessons of one kind are shuffled and cut into batches; the batches come in random order
    order      consecutive items are cut into batches, also where the kind changes
    batches    each slice of the order is one batch, whatever its size

Lessons of weight 0 are taken out first, so that they are absent in every respect. A part of a pass (passes: 0.5) is a
pass over that share of the lessons, rounded up: a random share of each kind, the first items, or the first batches.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np

from tutelage.core.data import Block, Bools, Floats, Ints, Lessons, Rng
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import Stage, Syllabus
from tutelage.kit.blocks import some

WINDOW = 64  # batches that are sorted by length together: enough for like lengths, few enough to stay shuffled


class Pace(Protocol):
    """The settings that decide how many updates there are; `learn/gradient.py` has them. batch 0: all at once."""

    @property
    def passes(self) -> float: ...
    @property
    def batch(self) -> int: ...


class Counts(NamedTuple):
    """updates: steps of the optimiser. visits: lessons shown, support and repetitions counted."""

    updates: int
    visits: int
    last: int  # updates of the last pass, or part of one


class Portion(NamedTuple):
    """One stage as it will be walked. All aligned with `items`, which number the plan's lessons."""

    items: Ints
    kinds: Ints
    ordered: bool
    starts: Ints | None  # offsets of the batches
    support: Bools | None
    passes: float


class Plan(NamedTuple):
    """lessons: every block of the syllabus once, less lessons of weight 0."""

    lessons: Lessons
    portions: tuple[Portion, ...]


class Slice(NamedTuple):
    """One batch: lessons of the plan, and which of them are support."""

    rows: Ints
    support: Bools | None
    portion: int


def updates_and_rows(syllabus: Syllabus, settings: Pace) -> Counts:
    """Exactly how many updates a learner of these settings will make, and how many lessons it will be shown.

    >>> from tutelage.toys import view
    >>> class Two:
    ...     passes, batch = 1.5, 2
    >>> updates_and_rows((Stage(view(taught=np.array([0, 2, 5])).lessons),), Two())
    Counts(updates=3, visits=5, last=1)
    """
    updates = visits = last = 0
    for portion in planned(syllabus, settings.passes).portions:
        for times, share in _passes(portion.passes):
            sizes = [len(batch) for batch in sweep(portion, settings.batch, share)]
            updates += times * len(sizes)
            visits += times * sum(sizes)
            last = len(sizes) or last
    return Counts(updates, visits, last)


def planned(syllabus: Syllabus, passes: float = 1.0) -> Plan:
    """The lessons of a syllabus without repetition, and each stage in their numbers; `passes` multiplies its own."""
    numbers: dict[int, Ints] = {}  # id of a block -> number of each of its lessons, -1 where it has weight 0
    kept: list[Block] = []
    kinds: list[type] = []
    size = 0
    for block in (block for stage in syllabus for block in stage.lessons):
        if id(block) in numbers:
            continue
        counts = np.flatnonzero(block.weight > 0)
        mine = np.full(block.size, -1, dtype=np.int64)
        mine[counts] = np.arange(size, size + len(counts))
        numbers[id(block)] = mine
        if len(counts):
            kept.append(block if len(counts) == block.size else some(block, counts))
            kinds.append(block.kind)
            size += len(counts)
    names = list(dict.fromkeys(kinds))
    each = np.array([names.index(kind) for kind in kinds], dtype=np.int64)
    kind_of = np.repeat(each, [block.size for block in kept])
    portions = (_portion(stage, numbers, kind_of, stage.passes * passes) for stage in syllabus)
    return Plan(tuple(kept), tuple(portion for portion in portions if len(portion.items) and portion.passes > 0))


def _portion(stage: Stage, numbers: dict[int, Ints], kind_of: Ints, passes: float) -> Portion:
    none = np.zeros(0, dtype=np.int64)
    items = np.concatenate([none, *(numbers[id(block)] for block in stage.lessons)])
    if stage.order is not None:
        items = items[stage.order]
    elif stage.batches is not None:
        raise ContractBroken("a stage that fixes its batches gives them as slices of an order")
    keep = items >= 0
    support = None if stage.support is None else np.asarray(stage.support, dtype=bool)
    if support is not None and len(support) != len(items):
        raise ContractBroken(f"a stage of {len(items)} items marks {len(support)} of them as support or not")
    starts = None
    if stage.batches is not None:
        starts = np.unique(np.concatenate([[0], np.cumsum(keep)])[stage.batches])  # batches that fell empty are gone
    items = items[keep]
    support = None if support is None else support[keep]
    return Portion(items, kind_of[items], stage.order is not None, starts, support, passes)


def walk(plan: Plan, settings: Pace, rng: Rng, lengths: Ints | None = None) -> Iterator[Slice]:
    """Every batch in its order. `lengths` (n,): batches of an unordered stage hold lessons of like length."""
    for number, portion in enumerate(plan.portions):
        for times, share in _passes(portion.passes):
            for _ in range(times):
                for places in sweep(portion, settings.batch, share, rng, lengths):
                    support = None if portion.support is None else portion.support[places]
                    if support is not None and support.all():
                        raise ContractBroken("a batch whose lessons are all support has nothing to score")
                    yield Slice(portion.items[places], support, number)


def positions(plan: Plan, settings: Pace, rng: Rng, lengths: Ints, alike: bool = True) -> int:
    """How long all lessons together are that `walk` will show by this luck; `alike`: in batches of like length."""
    walked = walk(plan, settings, copy.deepcopy(rng), lengths if alike else None)
    return int(sum(lengths[one.rows].sum() for one in walked))


def sweep(portion: Portion, size: int, share: float = 1.0, rng: Rng | None = None,
          lengths: Ints | None = None) -> list[Ints]:  # fmt: skip
    """The batches of one pass, as places in `portion.items`; without rng not shuffled, and of the same sizes."""
    count = len(portion.items)
    size = size or max(count, 1)
    if portion.starts is not None:
        edges = portion.starts[: _part(share, len(portion.starts) - 1) + 1]
        return [np.arange(start, end) for start, end in pairwise(edges.tolist())]
    if portion.ordered:
        kinds = portion.kinds[: _part(share, count)]
        runs = np.split(np.arange(len(kinds)), np.flatnonzero(np.diff(kinds)) + 1)
        return [batch for run in runs for batch in _cut(run, size)]
    made: list[Ints] = []
    for kind in np.unique(portion.kinds):
        places = np.flatnonzero(portion.kinds == kind)
        if rng is not None:
            places = rng.permutation(places)
        places = places[: _part(share, len(places))]
        if lengths is not None:
            places = _by_length(places, lengths[portion.items[places]], size * WINDOW)
        made += _cut(places, size)
    return made if rng is None or len(made) < 2 else [made[at] for at in rng.permutation(len(made))]


def mean_weight(weight: Floats, portion: Portion) -> float:
    """Of the portion's items; a lesson of twice this weight pulls twice as hard as the average one."""
    return float(weight[portion.items].mean())


def _passes(passes: float) -> list[tuple[int, float]]:
    """Whole passes, then the part of one: 2.5 -> [(2, 1.0), (1, 0.5)]."""
    whole = math.floor(passes + 1e-9)
    rest = passes - whole
    return [(whole, 1.0)] * (whole > 0) + [(1, rest)] * (rest > 1e-9)


def _part(share: float, count: int) -> int:
    return min(math.ceil(share * count - 1e-9), count)


def _cut(places: Ints, size: int) -> list[Ints]:
    return [places[start : start + size] for start in range(0, len(places), size)]


def _by_length(places: Ints, lengths: Ints, window: int) -> Ints:
    """Sorted by length inside consecutive windows; equal lengths keep their shuffled order."""
    return places[np.lexsort((lengths, np.arange(len(places)) // window))]
