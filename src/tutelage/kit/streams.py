"""Tasks one after another: in which order they come, how often, and in how many pieces.

    condensed   each task once, as numbered
    permuted    each task once, in an order drawn from the seed
    dispersed   an order drawn from the seed, gone through `passes` times with new rows each time
    together    all tasks at once, in one episode

A task's rows are shared out evenly over its learning blocks, and a block over `slices` episodes.

Source: condensed, dispersed and permuted scenarios as in Baker, New, Aguilar-Simon et al. (2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from tutelage.core.data import Array, Ints, Rng
from tutelage.core.errors import Fault, Refused

Scenario: TypeAlias = Literal["condensed", "permuted", "dispersed"]
Stream: TypeAlias = Literal["condensed", "permuted", "dispersed", "together"]


class Blocks(NamedTuple):
    """Learning blocks in time: the task of each, and the rows of its episodes."""

    tasks: tuple[int, ...]
    episodes: tuple[Ints, ...]  # `slices` of them for each block

    def rows(self) -> Ints:
        """All rows in the order in which they are learned."""
        return np.concatenate([np.zeros(0, dtype=np.int64), *self.episodes])

    def numbers(self) -> Ints:
        """(rows,) the episode of each of them, counted from 0."""
        return np.repeat(np.arange(len(self.episodes)), [len(rows) for rows in self.episodes])


def drawn(count: int, scenario: Stream, given: Sequence[int] | None, rng: Rng) -> tuple[int, ...]:
    """The tasks of one pass. Luck is drawn whether or not an order is given, so that what is drawn next stays.

    Refused for an order that does not name each task once.

    >>> from tutelage.core.rng import stream
    >>> drawn(3, "condensed", None, stream(0, "data")), drawn(3, "permuted", (2, 0, 1), stream(0, "data"))
    ((0, 1, 2), (2, 0, 1))
    """
    by_luck = tuple(int(task) for task in rng.permutation(count))
    if given is None:
        return tuple(range(count)) if scenario in ("condensed", "together") else by_luck
    if sorted(given) != list(range(count)):
        what = f"an order names each of the tasks 0 to {count - 1} once; found {list(given)}"
        some = [*range(count)][::-1]
        raise Refused(Fault("data.order", what, f"for example order: {some}"))
    return tuple(given)


def arranged(task: Array, order: Sequence[int], passes: int, slices: int, rng: Rng, only: int | None = None) -> Blocks:
    """The learning blocks. task: (n,) of each row, numbered from 0. only: the blocks of this task, with the rows that
    they have among all.

    Refused where a task has fewer rows than episodes.
    """
    pieces = [_dealt(np.flatnonzero(task == one), passes * slices, one, rng) for one in range(len(order))]
    blocks = [(one, turn) for turn in range(passes) for one in order if only is None or one == only]
    rows = [rows for one, turn in blocks for rows in pieces[one][turn * slices : (turn + 1) * slices]]
    return Blocks(tuple(one for one, _ in blocks), tuple(rows))


def _dealt(rows: Ints, count: int, task: int, rng: Rng) -> list[Ints]:
    """The rows shuffled and shared out evenly."""
    if count > len(rows):
        what = f"task {task} has {len(rows)} rows, which cannot fill {count} episodes"
        raise Refused(Fault("data.slices", what, "use fewer slices or fewer passes"))
    return [np.asarray(part, dtype=np.int64) for part in np.array_split(rng.permutation(rows), count)]
