"""As many passes over the lessons as it takes to show so many tokens of replies: equal work, whatever was chosen.

    passes = tokens / (tokens of all replies that carry loss, the token that ends each included)

Two arms that choose replies of different lengths then learn from equally many tokens, not from equally many lessons:
without it an arm that picks short replies would seem thrifty, and one that picks long ones good. Prompts are not
counted; a lesson that is no text, such as a label, counts as one token. One stage, not ordered; use it with `passes: 1`
in the learner, which multiplies. Passes need not be whole.

Source: the remark on equal optimiser steps in Zhang and others (2025), arXiv 2502.04194, section 4; here counted in
tokens of replies.
Neutral limit: with `tokens` the number of tokens of the lessons it is `as_given`.

>>> from tutelage.toys import ANSWERS, Reader, replies_pool, stream, view
>>> from tutelage.teach.recorded import Recorded
>>> from tutelage.core.data import Rows
>>> pool = replies_pool([("1 + 1", "2", "r1"), ("2 + 2", "four", "r2")])
>>> seen = view(pool, Reader())
>>> lessons = Recorded().teach(Rows(pool, np.arange(2)), seen, ANSWERS, stream(0, "teach")).lessons
>>> EqualTokens(tokens=12).plan(lessons, seen, stream(0, "order"))[0].passes     # 5 letters, each a token
2.4
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Block, Kinds, Lessons, Preference, Replies, Rng, Text
from tutelage.core.forecast import Width
from tutelage.core.method import method
from tutelage.core.stages import Stage, Syllabus, View, able
from tutelage.core.writing import CanRate
from tutelage.kit.prompts import prompts

AT_ONCE = 1024  # lessons whose tokens are counted in one call
TAUGHT = {Text: ("text",), Preference: ("chosen", "rejected"), Replies: ("texts",)}


@method
class EqualTokens:
    """tokens: of replies, shown in all."""

    tokens: Annotated[int, Field(ge=1)] = 20_000

    needs: ClassVar[Kinds] = frozenset({CanRate})

    def shown(self, n: float, width: Width) -> float:
        """Lessons of the mean length that hold so many tokens of replies; without tokens, a lesson is one."""
        return self.tokens / (width.told or 1.0) if n else 0.0

    def plan(self, lessons: Lessons, view: View, rng: Rng) -> Syllabus:
        """One stage; 0 passes where nothing carries loss."""
        total = sum(_tokens(view.student, block) for block in lessons)
        return (Stage(lessons, passes=self.tokens / total if total else 0.0),)


def _tokens(student: Any, block: Block) -> int:
    """Of all texts that a block teaches; a lesson without one counts 1."""
    keep = np.flatnonzero(block.weight > 0)
    columns = [block.given[name][keep] for name in TAUGHT.get(block.kind, ())]
    if not columns:
        return len(keep)
    judge: Any = able(student, CanRate)
    pool, total = block.about.examples().take(keep), 0
    for start in range(0, len(keep), AT_ONCE):
        rows = np.arange(len(keep))[start : start + AT_ONCE]
        asked = prompts(pool.take(rows))
        for column in columns:
            both = [(ask, text) for ask, told in zip(asked, column[rows], strict=True)
                    for text in np.ravel(np.array(told, dtype=object)) if text is not None]  # fmt: skip
            total += int(judge.tokens([ask for ask, _ in both], [text for _, text in both]).reply.sum())
    return total
