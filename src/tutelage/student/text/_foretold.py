"""What a student that reads tokens can tell before it learns: how long its lessons are, which matrices it has."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from tutelage.core.data import Itself, Lessons, Pool, Rows, labelled
from tutelage.core.forecast import Width
from tutelage.kit.again import as_lessons
from tutelage.kit.ratings import has_reply
from tutelage.student.text._speaker import Speaker, State

COUNTED = 512  # rows whose tokens are counted, spread evenly over the pool


class HasBase(Protocol):
    """Who can make a Decoder, its model on the meta device."""

    def base(self) -> Any: ...


def width_of(student: Speaker, pool: Pool) -> Width:
    """entries, tokens: positions of a lesson about a row of the pool, on average; told: those that carry loss.

    A row with a reply is a lesson of that reply, one of a pool with labels is a label in words, any other the text
    itself. exact where all rows were counted and are of one length, so that it does not matter which of them are
    chosen, and it is certain what is taught about them.
    """
    columns = float(student.source.base().model.config.get_text_config().hidden_size)
    rows = np.unique(np.linspace(0, len(pool) - 1, min(len(pool), COUNTED)).astype(np.int64))
    some = pool.take(rows)
    lessons = _lessons(some)
    if not len(rows):
        return Width(columns, 0.0, False)
    read: Any = student.encode(lessons)
    lengths, told = read.lengths, float(read.said.sum()) / len(rows)
    certain = all(block.kind is not Itself for block in lessons)
    same = bool(len(rows) == len(pool) and lengths.min() == lengths.max() and certain)
    return Width(columns, float(lengths.mean()), same, float(lengths.mean()), told)


def outline_of(source: HasBase) -> Any:
    """The module of a student that begins, without numbers."""
    base = source.base()
    from tutelage.student.text._language import opened

    return opened(base, State())


def _lessons(pool: Pool) -> Lessons:
    """What a teacher will probably say about these rows; of every label the lesson is as long."""
    rows = np.arange(len(pool), dtype=np.int64)
    if pool.labels and not has_reply(pool).any():
        return (labelled(Rows(pool, rows), np.zeros_like(rows), ""),)
    return as_lessons(pool, rows, "")
