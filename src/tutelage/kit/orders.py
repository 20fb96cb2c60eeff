"""Orders of lessons in groups and levels: blocked, in turn, or in parts; each a permutation, and each stable.

`groups` (n,) says which group each lesson is in, 0 .. G-1 in the order in which the groups come; `levels` (n,) rise
with difficulty. What neither tells apart keeps its place. All are sorts: n log n, no loop over lessons.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tutelage.core.data import Array, Floats, Ints, Lessons, Rng
from tutelage.core.errors import ContractBroken, Fault, Refused, nearest
from tutelage.core.stages import Stage, Syllabus, View
from tutelage.kit.lessons import classes_of


def count(lessons: Lessons) -> int:
    """How many lessons there are in all blocks."""
    return sum(block.size for block in lessons)


def column(lessons: Lessons, name: str, where: str) -> pa.Array:
    """(n,) a column of the examples that the lessons are about, block after block. Refused where a value is missing."""
    parts: list[Any] = []
    for block in lessons:
        if block.about.starts is not None:
            raise ContractBroken(f"a lesson about several rows has no one value in the column {name!r}")
        names = block.about.pool.table.columns.column_names
        if name not in names:
            what = f"{block.about.pool.name!r} has no column {name!r}; its columns are: {', '.join(names)}"
            raise Refused(Fault(where, what, nearest(name, names)))
        found = block.about.examples().column(name)
        if found.null_count:
            what = f"{found.null_count} of {len(found)} lessons have no value in the column {name!r}"
            raise Refused(Fault(where, what, "leave them out beforehand, or fill the column"))
        parts.append(found)
    if not parts:
        return pa.array([], pa.string())
    alike = parts if len({part.type for part in parts}) == 1 else [part.cast(pa.string()) for part in parts]
    return pa.concat_arrays(alike)


def grouped(lessons: Lessons, name: str | None, where: str) -> Ints:
    """(n,) the group of each lesson, numbered by first appearance: equal values of a column; None: equal classes."""
    if name is not None:
        return np.asarray(column(lessons, name, where).dictionary_encode().indices, dtype=np.int64)
    found = np.concatenate([np.zeros(0, dtype=np.int64), *(classes_of(block) for block in lessons)])
    return by_appearance(found)


def by_appearance(codes: Array) -> Ints:
    """(n,) the same groups, numbered in the order in which they first come.

    >>> by_appearance(np.array([7, 2, 7, 5])).tolist()
    [0, 1, 0, 2]
    """
    _, first, back = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[back], dtype=np.int64)


def rated(by: Any, lessons: Lessons, view: View, rng: Rng) -> Floats:
    """(n,) what a difficulty says, checked; 0 for all where there is none. ContractBroken for NaN or a wrong shape."""
    size = count(lessons)
    if by is None or size == 0:
        return np.zeros(size)
    said = np.asarray(by.rate(lessons, view, rng), dtype=np.float64)
    if said.shape != (size,) or np.isnan(said).any():
        wrong = f"{int(np.isnan(said).sum())} NaN" if said.shape == (size,) else f"shape {said.shape}"
        raise ContractBroken(f"{type(by).__name__}.rate: {size} numbers were asked for, got {wrong}")
    return said


def levelled(scores: Floats, cut: int | Sequence[float] | None) -> Ints:
    """(n,) the level of each lesson. None: every different score is one. A number: so many of equal size, by rank, what
    is left over going to the first. Numbers: thresholds; a score at a threshold lies below it.

    >>> scores = np.array([0.9, 0.1, 0.5, 0.5, 0.2])
    >>> levelled(scores, None).tolist(), levelled(scores, 2).tolist(), levelled(scores, (0.2, 0.7)).tolist()
    ([3, 0, 2, 2, 1], [1, 0, 0, 1, 0], [2, 0, 1, 1, 0])
    """
    if cut is None:
        return np.asarray(np.unique(scores, return_inverse=True)[1], dtype=np.int64)
    if isinstance(cut, int):
        levels = np.empty(len(scores), dtype=np.int64)
        levels[np.argsort(scores, kind="stable")] = _parts(len(scores), cut)
        return levels
    return np.searchsorted(np.sort(np.asarray(cut, dtype=np.float64)), scores, side="left").astype(np.int64)


def by_level(levels: Ints) -> Ints:
    """Easy to hard.

    >>> by_level(np.array([1, 0, 1, 0])).tolist()
    [1, 3, 0, 2]
    """
    return np.argsort(levels, kind="stable").astype(np.int64)


def blocked(groups: Ints, levels: Ints) -> Ints:
    """Group after group, each from easy to hard.

    >>> blocked(np.array([0, 1, 0, 1]), np.array([1, 0, 0, 0])).tolist()
    [2, 0, 1, 3]
    """
    return np.lexsort((levels, groups)).astype(np.int64)


def in_turn(groups: Ints, levels: Ints) -> Ints:
    """Level after level; inside a level one lesson of each group in turn, until the groups are used up one by one.

    >>> in_turn(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 0, 0])).tolist()
    [0, 3, 1, 4, 2]
    """
    return np.lexsort((groups, _turns(levels, groups), levels)).astype(np.int64)


def in_parts(groups: Ints, levels: Ints, parts: int) -> Ints:
    """Each group, from easy to hard, is cut into parts of sizes that differ by one at most, the larger ones first; then
    part 1 of every group, part 2 of every group, and so on.

    >>> in_parts(np.array([0, 0, 0, 1, 1]), np.array([2, 1, 0, 0, 0]), 2).tolist()
    [2, 1, 3, 0, 4]
    """
    order = blocked(groups, levels)
    sizes = np.bincount(groups) if len(groups) else np.zeros(0, dtype=np.int64)
    part = np.concatenate([np.zeros(0, dtype=np.int64), *(_parts(size, parts) for size in sizes)])
    return order[np.argsort(part, kind="stable")].astype(np.int64)


def dealt(groups: Ints, shuffle: bool, rng: Rng) -> tuple[Ints, Ints]:
    """(start, groups of the lessons in that start): as given, or lessons and groups in random order."""
    size = len(groups)
    if not shuffle:
        return np.arange(size, dtype=np.int64), groups
    start, names = rng.permutation(size).astype(np.int64), rng.permutation(int(groups.max(initial=-1)) + 1)
    return start, names[groups[start]].astype(np.int64)


def staged(how: Any, lessons: Lessons, view: View, rng: Rng, order: Callable[[Ints, Ints], Ints]) -> Syllabus:
    """One stage of lessons in groups and levels. how: the settings by, levels, group, shuffle. order: groups, levels ->
    a permutation. Refused where a lesson has no group.
    """
    levels = levelled(rated(how.by, lessons, view, rng.spawn(1)[0]), how.levels)
    start, groups = dealt(grouped(lessons, how.group, "order.group"), how.shuffle, rng)
    return (Stage(lessons, start[order(groups, levels[start])]),)


def _parts(size: int, parts: int) -> Ints:
    """(size,) 0, 0, .., 1, 1, .., parts - 1: consecutive, as equal as can be, the larger first."""
    each, more = divmod(int(size), parts)
    return np.repeat(np.arange(parts), [each + (at < more) for at in range(parts)]).astype(np.int64)


def _turns(levels: Ints, groups: Ints) -> Ints:
    """(n,) how many lessons of the same level and group come before each."""
    order = np.lexsort((groups, levels))
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (np.diff(levels[order]) != 0) | (np.diff(groups[order]) != 0)
    starts = np.maximum.accumulate(np.where(fresh, np.arange(len(order)), 0))
    turns = np.empty(len(order), dtype=np.int64)
    turns[order] = np.arange(len(order)) - starts
    return turns
