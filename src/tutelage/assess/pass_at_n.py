"""The chance that at least one of n programs written by the student is right, estimated from `draws` of them (pass@n).

    pass@n = (1 / items) sum_i  1 - C(d - c_i, n) / C(d, n),    d = draws, c_i of them right

A program is right when it comes to what the item's reference comes to: with `check: arithmetic` it is worked out by an
interpreter of assignments and arithmetic, with `check: python` it runs in the sandbox and what it prints is compared.
The first score, `pass_at_n`, is for the largest n asked for. `by_chance` is the share of all other items' programs that
would be right for an item, an estimate of what right answers without right reasons amount to. Values are means of the
items.

Source: Chen et al. (2021), Evaluating large language models trained on code, equation 1; temperature 0.8 for several
draws as in Ni et al. (2023, ICLR), section 5.1.
Neutral limit: with one draw at temperature 0 it is the accuracy of what the student would say.

>>> from tutelage.core.data import Block, Rows, Table
>>> from tutelage.core.writing import Written
>>> from tutelage.toys import stream, till
>>> class Half:                                             # every other program is right
...     def write(self, prompts, k, rng, **settings):
...         texts = np.array([["answer=7", "answer=8"] * (k // 2)] * len(prompts), dtype=object)
...         return Written(texts, np.ones(len(prompts), dtype=np.int64), np.ones(texts.shape, dtype=np.int64))
>>> pool = Table.of("one", {"text": ["3 and 4 more?"]}).pool()
>>> given = {"text": np.array(["answer=3+4"], dtype=object)}
>>> exam = Exam((Block(Rows(pool, np.arange(1)), None, Text, given, "exam", np.zeros(1), np.ones(1)),))
>>> scores = PassAtN(n=(1, 2), draws=4).assess(Half(), exam, till(), stream(0, "assess"))
>>> [(score.name, round(score.value, 3)) for score in scores]           # of 6 pairs of draws one has no right one
[('pass_at_n', 0.833), ('pass_at_1', 0.5), ('pass_at_2', 0.833), ('by_chance', 0.0)]
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from tutelage.core.data import Array, Exam, Floats, Kinds, Rng, Score, Text
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.stages import Student, Till, able
from tutelage.core.writing import CanWrite
from tutelage.kit.exams import mean, paper
from tutelage.kit.passes import pass_at
from tutelage.kit.prompts import prompts
from tutelage.sandbox.verdict import outcomes


@method
class PassAtN:
    """n: how many may be tried, one number or several. draws: programs written for each item. on: which exam."""

    n: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (1, 20)
    draws: Annotated[int, Field(ge=1)] = 20
    temperature: Annotated[float, Field(ge=0)] = 0.8
    max_tokens: Annotated[int, Field(ge=1)] = 100
    check: Literal["arithmetic", "python"] = "arithmetic"
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanWrite})

    @model_validator(mode="after")
    def _can_be_estimated(self) -> Self:
        if len(set(self.n)) < len(self.n):
            raise ValueError("each n is said once")
        if max(self.n) > self.draws:
            raise ValueError(f"pass@{max(self.n)} takes at least {max(self.n)} draws, not {self.draws}")
        if self.temperature == 0 and self.draws > 1:
            raise ValueError("at temperature 0 all draws are equal: say draws: 1, or another temperature")
        return self

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """`pass_at_n`, `pass_at_N` for each N, `by_chance`. NaN for an exam without items of positive weight."""
        pool, told = paper(exam, Text, "text", "programs")
        references = [str(text) for text in told]
        truth = outcomes(references, self.check)
        if None in truth:
            raise ContractBroken(f"a reference has no outcome: {references[truth.index(None)]!r}")
        said = prompts(pool)
        written = able(student, CanWrite).write(
            said, self.draws, rng, max_tokens=self.max_tokens, temperature=self.temperature
        )
        told = np.array(outcomes([str(text) for text in written.texts.ravel()], self.check), dtype=object)
        told = told.reshape(len(pool), self.draws)
        right = (told == np.array(truth, dtype=object)[:, None]).sum(axis=1)
        each = {f"pass_at_{n}": pass_at(right, self.draws, n) for n in self.n}
        each = {"pass_at_n": each[f"pass_at_{max(self.n)}"], **each}
        scores = [Score(name, mean(one), pool.numbers, one.astype(np.float32)) for name, one in each.items()]
        chance = by_chance(told, truth).astype(np.float32)
        return (*scores, Score("by_chance", mean(chance), pool.numbers, chance, higher_is_better=False))


def by_chance(told: Array, truth: list[str | None]) -> Floats:
    """(n,) how much of what was drawn for all other items (n, draws) equals this item's truth; 0 for a single one."""
    among = Counter(told.ravel().tolist())
    here = [Counter(row)[one] for row, one in zip(told.tolist(), truth, strict=True)]
    others = max(told.size - told.shape[1], 1)
    return np.array([(among[one] - mine) / others for one, mine in zip(truth, here, strict=True)], dtype=np.float64)
