"""Some lessons of a block, and the columns of several blocks side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Array, Block, Floats, Ints, Itself, Lessons, Pool, Ranking, Rows, Soft, Supervision
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
    """All lessons' columns by kind; Soft distributions of fewer classes get columns of 0."""
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
    names = blocks[0].given.keys()
    if any(block.given.keys() != names for block in blocks):
        raise ContractBroken(f"blocks of kind {blocks[0].kind.__name__} hold different columns")
    parts = {name: [block.given[name] for block in blocks] for name in names}
    if blocks[0].kind is Soft:
        widest = max(part.shape[1] for part in parts["probs"])
        parts["probs"] = [np.pad(part, ((0, 0), (0, widest - part.shape[1]))) for part in parts["probs"]]
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}
