"""Some lessons of a block, and the columns of several blocks side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import (
    Array,
    Block,
    Floats,
    Ints,
    Itself,
    Lessons,
    Pool,
    Ranking,
    Replies,
    Rows,
    Soft,
    Supervision,
)
from tutelage.core.errors import ContractBroken


def themselves(pool: Pool, source: str) -> Block:
    """Every row as its own truth, at no cost."""
    about = Rows(pool, np.arange(len(pool), dtype=np.int64))
    return Block(about, None, Itself, {}, source, np.zeros(len(pool)), np.ones(len(pool)))


def some(block: Block, which: Ints) -> Block:
    """The block of these lessons, in this order; a lesson may come twice.

    >>> from tutelage.core.data import labelled
    >>> from tutelage.toys import POOL
    >>> some(labelled(Rows(POOL, np.array([3, 4, 5])), np.array([1, 0, 1]), "oracle"), np.array([2, 0])).about.rows
    array([5, 3])
    """
    which = np.asarray(which, dtype=np.int64)
    about, inside = _some_rows(block.about, which)
    against, beside = (None, inside) if block.against is None else _some_rows(block.against, which)
    each = beside if block.kind is Ranking else which  # relevance is one number a row, not one a lesson
    given = {name: column[each] for name, column in block.given.items()}
    return block._replace(about=about, against=against, given=given, cost=block.cost[which], weight=block.weight[which])


def _some_rows(about: Rows, which: Ints) -> tuple[Rows, Ints]:
    """These lessons' rows, and their places among all rows of the block."""
    if about.starts is None:
        return about._replace(rows=about.rows[which]), which
    sizes = np.diff(about.starts)[which]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    places = np.repeat(about.starts[which] - starts[:-1], sizes) + np.arange(starts[-1])
    return Rows(about.pool, about.rows[places], starts), places


# What stands in a table of one width where a block's own has no column.
ABSENT: Mapping[type[Supervision], Mapping[str, Any]] = {
    Soft: {"probs": 0.0}, Replies: {"texts": None, "rewards": np.nan, "ends": False},
}  # fmt: skip


class Columns(NamedTuple):
    """n lessons of several blocks, numbered through; each kind's columns are joined, so that a batch is a take."""

    kinds: tuple[type[Supervision], ...]
    which: Ints  # (n,) which of the kinds
    place: Ints  # (n,) row in that kind's columns
    given: tuple[Mapping[str, Array], ...]  # one a kind
    weight: Floats  # (n,)

    def of(self, rows: Ints) -> tuple[type[Supervision], dict[str, Array]]:
        """Kind and columns of these lessons. ContractBroken when they are of several kinds, or none."""
        kinds = np.unique(self.which[rows])
        if len(kinds) != 1:
            names = ", ".join(self.kinds[kind].__name__ for kind in kinds) or "nothing"
            raise ContractBroken(f"a batch holds lessons of one kind, not {names}")
        given = self.given[kinds[0]]
        return self.kinds[kinds[0]], {name: column[self.place[rows]] for name, column in given.items()}


def columns(lessons: Lessons) -> Columns:
    """All lessons' columns by kind; Soft distributions of fewer classes get columns of 0, fewer Replies absent ones."""
    kinds = tuple(dict.fromkeys(block.kind for block in lessons))
    numbers = np.array([kinds.index(block.kind) for block in lessons], dtype=np.int64)
    which = np.repeat(numbers, [block.size for block in lessons])
    place = np.zeros(len(which), dtype=np.int64)
    for number in range(len(kinds)):
        mine = which == number
        place[mine] = np.arange(mine.sum())
    given = tuple(_joined([block for block in lessons if block.kind is kind]) for kind in kinds)
    weight = np.concatenate([np.zeros(0), *(block.weight for block in lessons)])
    return Columns(kinds, which, place, given, weight)


def _joined(blocks: list[Block]) -> dict[str, Array]:
    kind = blocks[0].kind
    held = [block.given for block in blocks]
    if kind is Replies and any("ends" in given for given in held):
        held = [_with_ends(given) for given in held]
    if any(given.keys() != held[0].keys() for given in held):
        raise ContractBroken(f"blocks of kind {kind.__name__} hold different columns")
    absent = ABSENT.get(kind, {})
    parts = {name: [given[name] for given in held] for name in held[0]}
    return {name: np.concatenate(_level(arrays, absent[name]) if name in absent else arrays)
            for name, arrays in parts.items()}  # fmt: skip


def _with_ends(given: Mapping[str, Array]) -> Mapping[str, Array]:
    """Answers of which nothing is said are whole."""
    return given if "ends" in given else {**given, "ends": np.ones(given["texts"].shape, dtype=bool)}


def _level(arrays: list[Array], value: Any) -> list[Array]:
    """Tables (n, k) of one width, the value beyond their own."""
    widest = max(array.shape[1] for array in arrays)
    made = []
    for array in arrays:
        wide = np.full((len(array), widest), value, dtype=array.dtype)
        wide[:, : array.shape[1]] = array
        made.append(wide)
    return made
