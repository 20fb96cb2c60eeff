"""Puts the learned prompt in front of the task that it was learned for, and takes it away from every other question.

    answer(x) = student with P, where the row's column `task` is the one named;  else the same weights without P

A row without the column, or asked about by no row at all, is another question. A student without a learned prompt is
left as it is. Rows are told apart where a pool is answered, or where an assessor asks in the student's own words
(exact_match, format_leakage); who rates given replies by `rate` sees the student without its prompt.

Source: Wang, Si, Li, Lukasik, Yu, Hsieh, Dhillon, Kumar (2022, arXiv 2211.00635), ProMoT, section 4, use after tuning.
Neutral limit: without a learned prompt it is the student itself.

>>> from tutelage.toys import Writer, stream, view
>>> student = Writer()
>>> OwnPrompt(task="rotation").equip(view(student=student), stream(0, "recall")) is student
True
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tutelage.core.data import Block, Floats, Kinds, Pool, Rng
from tutelage.core.descent import CanDescend, Prefixes
from tutelage.core.digest import digest
from tutelage.core.method import method, settings
from tutelage.core.stages import Student, View
from tutelage.core.writing import CanWrite, Prompt, Tokens, Written
from tutelage.kit.apart import own, owners, written
from tutelage.kit.words import in_words, questions

FILE = "recall.json"  # beside a saved student: which task has the prompt
WITH, WITHOUT = 0, 1


@method
class OwnPrompt:
    task: str = ""  # the value of the column `task` of its rows

    needs: ClassVar[Kinds] = frozenset({CanWrite, Prefixes})

    def equip(self, view: View, rng: Rng) -> Student:
        """The student itself when it has no learned prompt."""
        return self.restored(view.student, Path())

    def restored(self, student: Any, folder: Path) -> Student:
        """The equipped student; nothing is read but the student."""
        plain = bare(student)
        return student if plain is None else Apart(student, plain, self)


def bare(student: Any) -> Any:
    """The same weights without a learned prompt; None where there is none to take away."""
    if not isinstance(student, CanDescend):
        return None
    module = student.module
    if getattr(module, "before", None) is None:
        return None
    module.before = None
    return student.with_module(module)


@dataclass(frozen=True, eq=False)
class Apart:
    """student: with its prompt. plain: without."""

    student: Any
    plain: Any
    maker: OwnPrompt

    @functools.cached_property
    def fingerprint(self) -> str:
        return digest(self.student.fingerprint, settings(self.maker))

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the student within."""
        return tuple(self.student.labels)

    def asks(self, pool: Pool) -> list[Prompt]:
        """As the student within is asked, the rows of the task marked."""
        return [own(prompt, WITH) if mine else prompt
                for prompt, mine in zip(questions(self.plain, pool), self._mine(pool), strict=True)]  # fmt: skip

    def write(
        self,
        prompts: Sequence[Prompt],
        k: int,
        rng: Rng,
        *,
        max_tokens: int = 64,
        temperature: float = 1.0,
        stop: Sequence[str] = (),
    ) -> Written:
        """Each prompt by the student that it is for."""
        how: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature, "stop": stop}
        return written((self.student, self.plain), owners(prompts, WITHOUT), prompts, k, rng, **how)

    def answer(self, pool: Pool, rng: Rng) -> Block:
        """What it writes to each row, or the label that this names; `cost`: all tokens that it took."""
        return in_words(pool, self.write(self.asks(pool), 1, rng, temperature=0.0), "own_prompt")

    def rate(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Floats:
        """Without the prompt."""
        made: Floats = self.plain.rate(prompts, replies)
        return made

    def tokens(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Tokens:
        """Without the prompt."""
        made: Tokens = self.plain.tokens(prompts, replies)
        return made

    def save(self, folder: Path) -> None:
        """The student's own files, its prompt among them, and beside them the settings."""
        self.student.save(folder)
        told = {"settings": settings(self.maker)}
        (folder / FILE).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def _mine(self, pool: Pool) -> list[bool]:
        if "task" not in pool.table.columns.column_names:
            return [False] * len(pool)
        return [value is not None and str(value) == self.maker.task for value in pool.column("task").to_pylist()]
