"""How long prompts and replies are for the student that will learn from them, said before anything is spent."""

from __future__ import annotations

from typing import Any

import numpy as np

from tutelage.core.data import Course, Ints, Pool, Text
from tutelage.core.rng import stream
from tutelage.core.writing import CanRate
from tutelage.kit.prompts import prompts
from tutelage.kit.ratings import replies
from tutelage.recipe.fit import Parts
from tutelage.study.run import Prepared

MOST = 20_000  # replies that are counted; of more, so many spread evenly
AT_ONCE = 1024  # replies whose tokens are counted in one call


def lengths(prepared: Prepared) -> tuple[str, ...]:
    """One sentence for every student and pool of replies among the arms; none where no arm learns from replies."""
    said: dict[str, None] = {}
    for arm, parts in prepared.parts.items():
        course = prepared.courses[arm]
        pool = course.parts["pool"].pool
        teaches = any(Text in step.teach.gives for step in parts.steps)
        if teaches and CanRate in parts.student.can and "reply" in pool.table.columns.column_names:
            said[_sentence(parts, course, prepared.read.study.seed_list[0])] = None
    return tuple(said)


def _sentence(parts: Parts, course: Course, seed: int) -> str:
    pool = course.parts["pool"].pool
    shown = pool if len(pool) <= MOST else pool.take(np.linspace(0, len(pool) - 1, MOST).astype(np.int64))
    student: Any = parts.student.begin(pool, stream(seed, "student"))
    prompt, reply, cut = _counted(student, shown)
    asked = f"{len(shown):,} of {len(pool):,}" if len(shown) < len(pool) else f"{len(pool):,}"
    lost = int((prompt == 0).sum())
    said = (
        f"Tokens of {asked} replies in the pool, their ends included: {_spread(reply)}; of their prompts as shown: "
        f"{_spread(prompt[prompt > 0])}."
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
