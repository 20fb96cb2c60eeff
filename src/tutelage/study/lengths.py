"""How long prompts and replies are for the student that will learn from them, said before anything is spent."""

from __future__ import annotations

from typing import Any

import numpy as np

from tutelage.core.data import Ints, Itself, Pool, Text
from tutelage.core.descent import TokenLogprobs
from tutelage.core.rng import stream
from tutelage.core.writing import CanRate
from tutelage.kit.again import answered_and_read
from tutelage.kit.blocks import themselves
from tutelage.kit.prompts import prompts
from tutelage.kit.ratings import COLUMN, replies
from tutelage.recipe.fit import Parts
from tutelage.study.run import Prepared

MOST = 20_000  # replies that are counted; of more, so many spread evenly
AT_ONCE = 1024  # replies whose tokens are counted in one call


def lengths(prepared: Prepared) -> tuple[str, ...]:
    """One sentence for every student and pool of replies or of texts to read; none where no arm learns from them."""
    said: dict[str, None] = {}
    for arm, parts in prepared.parts.items():
        course = prepared.courses[arm]
        pool = course.parts["pool"].pool
        gives = {kind for step in parts.steps for kind in step.teach.gives}
        if CanRate not in parts.student.can:
            continue
        seed = prepared.read.study.seed_list[0]
        told = pool
        if {Text, Itself} <= gives:  # what has a reply is answered, the rest is read
            told, pool = (pool.take(rows) for rows in answered_and_read(pool))
        if Text in gives and COLUMN in told.table.columns.column_names and len(told):
            said[_of_replies(parts, told, seed)] = None
        if Itself in gives and TokenLogprobs in parts.student.can and len(pool):
            said[_of_texts(parts, pool, seed)] = None
    return tuple(said)


def _of_texts(parts: Parts, pool: Pool, seed: int) -> str:
    shown = _some(pool)
    student: Any = parts.student.begin(pool, stream(seed, "student"))
    counts = np.asarray(student.encode((themselves(shown, ""),)).lengths)
    window = int(student.window)
    full = int((counts >= window).sum())  # counted after the cut, so one that just fits is among them
    said = f"Tokens of {_of(shown, pool)} texts in the pool, their ends included: {_spread(counts)}."
    if not full:
        return f"{said} No text is cut."
    return f"{said} {full} fill the student's window of {window}; what is longer is cut."


def _some(pool: Pool) -> Pool:
    """The pool, of a large one so many rows that are counted."""
    return pool if len(pool) <= MOST else pool.take(np.linspace(0, len(pool) - 1, MOST).astype(np.int64))


def _of(shown: Pool, pool: Pool) -> str:
    return f"{len(shown):,} of {len(pool):,}" if len(shown) < len(pool) else f"{len(pool):,}"


def _of_replies(parts: Parts, pool: Pool, seed: int) -> str:
    shown = _some(pool)
    student: Any = parts.student.begin(pool, stream(seed, "student"))
    prompt, reply, cut = _counted(student, shown)
    lost = int((prompt == 0).sum())
    said = (
        f"Tokens of {_of(shown, pool)} replies in the pool, their ends included: {_spread(reply)}; of their prompts as "
        f"shown: {_spread(prompt[prompt > 0])}."
    )
    short = int(((cut > 0) & (prompt > 0)).sum())
    said += f" {short} prompts are cut at their end to fit." if short else " No prompt is cut."
    return said + (f" {lost} replies do not fit into the student's window and are chosen last." if lost else "")


def _counted(student: Any, pool: Pool) -> tuple[Ints, Ints, Ints]:
    parts = [student.tokens(prompts(batch), replies(batch)) for batch in pool.batches(AT_ONCE)]
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return joined[0], joined[1], joined[2]


def _spread(counts: Ints) -> str:
    if len(counts) == 0:
        return "none"
    middle, high = np.quantile(counts, [0.5, 0.95])
    return f"median {middle:.0f}, 95 % up to {high:.0f}, most {counts.max()}"
