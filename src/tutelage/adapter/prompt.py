"""Prompt tuning: a few vectors before every prompt learn, the model itself stays as it is.

    p(y | x)  ->  p(y | P, x),    P (length, d) vectors in place of words, the only weights that move

They start as the embeddings of tokens drawn from the vocabulary, or as those of the words of `start`. A student that
already has vectors of this length goes on with them. Its files are peft's own.

Source: Lester, Al-Rfou and Constant (2021), The power of scale for parameter-efficient prompt tuning, sections 2 and
3.2. Neutral limit: none: even untrained vectors are read; what follows may move the model under them
(`under_prompt`).

>>> Prompt(length=4, start="Answer in one word:").length
4
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.descent import Group, Opened, Prefixes
from tutelage.core.method import method
from tutelage.kit.soft_prompt import prompted


@method
class Prompt:
    length: Annotated[int, Field(ge=1)] = 16
    start: str = ""  # words whose embeddings it starts from, repeated or cut to the length; empty: drawn tokens

    needs: ClassVar[Kinds] = frozenset({Prefixes})
    adds: ClassVar[bool] = True

    def open(self, module: Any, rng: Rng) -> Opened:
        """One group, the vectors. Refused when the student has another learned prompt already."""
        prompted(module, self.length, self.start, rng)
        return Opened(module, (Group(("before.values",)),))
