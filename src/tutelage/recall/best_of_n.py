"""Draws several replies and gives the one that the student itself, or a judge, finds likeliest.

    give r_i with the largest s_i,    s_i = log p_judge(r_i | x) / t_i,    r_1 .. r_n ~ student(x)

t_i is the number of tokens that the student drew for r_i, with `by: sum` it is 1. The judge is the student itself
unless `judge` names another, used as it begins. A reply that says nothing never wins against one that says something;
of equals the first drawn wins. Every token that is drawn or judged counts as an answer-time token, the judge's in the
tokens of the student. Draws are made at `temperature`, whatever the one who asks says.

Source: Adiwardana et al. (2020), Towards a human-like open-domain chatbot, sample-and-rank (the likeliest of n draws);
a judge of its own in that place: Cobbe et al. (2021), Training verifiers to solve math word problems, section 4.
Neutral limit: with n = 1 it is the student itself.

>>> from tutelage.toys import Writer, stream, view
>>> student = Writer({"2 + 2": ("4", "5", "4")})
>>> equipped = BestOfN(n=8).equip(view(student=student), stream(0, "recall"))
>>> told = equipped.write(["2 + 2"], 1, stream(0, "w"))
>>> told.texts.tolist(), told.tokens_in.tolist(), told.tokens_out.tolist()      # 2 tokens a draw, read again to judge
([['4']], [22], [[16]])
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from tutelage.core import parts as shelf
from tutelage.core.data import Array, Ints, Kinds, Rng
from tutelage.core.errors import ContractBroken, Fault, Refused
from tutelage.core.method import method
from tutelage.core.stages import Student, View, able
from tutelage.core.writing import CanJudge, CanWrite, Prompt
from tutelage.kit.pondered import JUDGE, Picked, Pondered


@method
class BestOfN:
    n: Annotated[int, Field(ge=1)] = 8  # replies drawn for each one given
    by: Literal["token", "sum"] = "token"  # log-probability per token, or whole
    judge: Annotated[Any, shelf.part("student")] = None  # a student that judges; None: the one that writes
    temperature: Annotated[float, Field(gt=0)] = 1.0
    max_tokens: Annotated[int, Field(ge=1)] = 256  # of a reply where the student answers a pool

    @property
    def needs(self) -> Kinds:
        """That the student judges only where nobody else does."""
        return frozenset({CanWrite}) if self.judge is not None else frozenset({CanWrite, CanJudge})

    def equip(self, view: View, rng: Rng) -> Student:
        """The student itself when one reply is drawn."""
        if self.n == 1:
            return view.student
        if self.judge is None:
            return self._equipped(view.student, None)
        if CanJudge not in self.judge.maker.can:
            what = f"{shelf.name_of(type(self.judge.maker))} gives no log-probabilities"
            raise Refused(Fault("recall.judge", what, "tutelage list student"))
        new = self.judge.student is None and self.judge.taught is None
        return self._equipped(view.student, self.judge.maker.begin(view.pool, rng) if new else self.judge.finished)

    def restored(self, student: Any, folder: Path) -> Student:
        """The equipped student that was saved in this folder."""
        return self._equipped(student, None if self.judge is None else self.judge.maker.load(folder / JUDGE))

    def _equipped(self, student: Any, judge: Any) -> Student:
        mine = student if judge is None else judge
        return Pondered(student, self, lambda *drawn: self._judged(mine, *drawn), judge, reads=2)

    def _judged(self, judge: Any, prompts: Sequence[Prompt], texts: Array, tokens: Ints) -> Picked:
        each = texts.shape[1] * texts.shape[2]
        asked, said = [prompt for prompt in prompts for _ in range(each)], [str(text) for text in texts.ravel()]
        scores = np.asarray(able(judge, CanJudge).logprob(asked, said), dtype=np.float64).reshape(texts.shape)
        if np.isnan(scores).any():
            raise ContractBroken(f"{type(judge).__name__}.logprob: {int(np.isnan(scores).sum())} scores are NaN")
        if self.by == "token":
            scores = scores / np.maximum(tokens, 1)
        silent = np.array([not text.strip() for text in said]).reshape(texts.shape)
        return Picked(np.where(silent, -np.inf, scores).argmax(axis=2), tokens.sum(axis=(1, 2)))
