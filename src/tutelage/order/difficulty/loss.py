"""What a language model finds surprising is hard: its loss on the reply, a token.

    difficulty(x, y) = -1/|y| sum_t log p(y_t | x, y_<t)   in nats, the token that ends the reply included

p is the student that is being taught, as it is now, or another one that is taught before (`student`). A reply that does
not fit into its window is the hardest of all.

Source: perplexity as difficulty: Campos (2021), Curriculum learning for language modeling; Wu, Dyer and Neyshabur
(2021), When do curricula work? (loss of a reference model).
Neutral limit: a student that finds every token equally likely leaves the given order.

>>> from tutelage.core.data import Block, Rows
>>> from tutelage.toys import Reader, replies_pool, stream, view
>>> pool = replies_pool([("p", "bb", "1"), ("q", "a", "2")])
>>> given = {"text": np.array(["bb", "a"], dtype=object)}
>>> lessons = (Block(Rows(pool, np.arange(2)), None, Text, given, "file", np.zeros(2), np.ones(2)),)
>>> Loss().rate(lessons, view(pool, Reader({"a": -1.0, "b": -3.0})), stream(0, "order"))
array([3., 1.])
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np

from tutelage.core.data import Block, Floats, Kinds, Lessons, Preference, Rng, Text
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import View, able
from tutelage.core.writing import CanRate
from tutelage.kit.prompts import prompts

AT_ONCE = 1024  # lessons in one call


@method
class Loss:
    """student: who is asked; None: the student that is being taught."""

    student: Annotated[Any, part("student")] = None

    students_need: ClassVar[Kinds] = frozenset({CanRate})

    @property
    def needs(self) -> Kinds:
        """Rating replies, of the student that is taught, where it is the one that is asked."""
        return frozenset() if self.student is not None else frozenset({CanRate})

    def rate(self, lessons: Lessons, view: View, rng: Rng) -> Floats:
        """ContractBroken unless all lessons are replies; of a pair the chosen one counts."""
        judge: Any = able(view.student if self.student is None else self.student.finished, CanRate)
        return np.concatenate([np.zeros(0), *(_losses(judge, block) for block in lessons)])


def _losses(judge: Any, block: Block) -> Floats:
    """(b,) infinite where the reply does not fit."""
    name = {Text: "text", Preference: "chosen"}.get(block.kind)
    if name is None:
        raise ContractBroken(f"loss goes by replies; a lesson of kind {block.kind.__name__} has none")
    pool, made = block.about.examples(), np.empty(block.size)
    for start in range(0, block.size, AT_ONCE):
        rows = np.arange(block.size)[start : start + AT_ONCE]
        asked, told = prompts(pool.take(rows)), [str(text) for text in block.given[name][rows]]
        logprobs = np.asarray(judge.rate(asked, told), dtype=np.float64)
        tokens = np.asarray(judge.tokens(asked, told).reply, dtype=np.float64)
        made[rows] = -logprobs / np.maximum(tokens, 1)
    return np.where(np.isnan(made), np.inf, made)
