"""Longer is harder: the number of words, or of characters, of the question, the answer, or both.

    difficulty = |text| + |answer|   as `of` says

An answer is the reply of a Text lesson, the chosen reply of a pair, or the name of a class.

Source: sentence length as difficulty: Spitkovsky, Alshawi and Jurafsky (2010), "From baby steps to leapfrog";
Platanios et al. (2019), Competence-based curriculum learning.
Neutral limit: texts of one length leave the given order.

>>> from tutelage.toys import replies_pool, stream, view
>>> from tutelage.core.data import Rows
>>> pool = replies_pool([("two words", "a", "1"), ("three short words", "b", "2"), ("one", "c", "3")])
>>> lessons = (Block(Rows(pool, np.arange(3)), None, Itself, {}, "file", np.zeros(3), np.ones(3)),)
>>> Length(of="question").rate(lessons, view(pool), stream(0, "order"))
array([2., 3., 1.])
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from tutelage.core.data import Block, Floats, Itself, Kinds, Label, Lessons, Preference, Rng, Text
from tutelage.core.errors import ContractBroken, Fault, Refused
from tutelage.core.method import method
from tutelage.core.stages import View
from tutelage.kit.orders import column


@method
class Length:
    of: Literal["question", "answer", "both"] = "both"
    unit: Literal["words", "characters"] = "words"

    needs: ClassVar[Kinds] = frozenset()

    def rate(self, lessons: Lessons, view: View, rng: Rng) -> Floats:
        """Refused where a question is no text; ContractBroken for lessons whose answer is none."""
        total = np.zeros(sum(block.size for block in lessons))
        if self.of != "answer" and lessons:
            wrong = [block.about.pool.name for block in lessons if "text" not in block.about.pool.holds]
            if wrong:
                raise Refused(Fault("order.by", f"{wrong[0]!r} holds no texts, whose length could be told"))
            total += self._sizes(column(lessons, "text", "order.by").to_pylist())
        if self.of != "question":
            total += self._sizes([text for block in lessons for text in _answers(block)])
        return total

    def _sizes(self, texts: list[str]) -> Floats:
        """(n,)"""
        sizes = [len(text.split()) if self.unit == "words" else len(text) for text in texts]
        return np.array(sizes, dtype=np.float64)


def _answers(block: Block) -> list[str]:
    """The answer of each lesson; of one that is its own target, none."""
    if block.kind is Itself:
        return [""] * block.size
    if block.kind is Label:
        return [block.about.pool.labels[code] for code in block.given["label"]]
    name = {Text: "text", Preference: "chosen"}.get(block.kind)
    if name is None:
        raise ContractBroken(f"an answer of kind {block.kind.__name__} has no one length")
    return [str(text) for text in block.given[name]]
