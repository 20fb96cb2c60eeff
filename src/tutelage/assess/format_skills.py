"""Whether it replies as one replies: ends its turn in time, does not repeat the question, answers and does not go on.

    format_skills = (1 / n) sum_i (ends_i + fresh_i + answers_i) / 3

ends: the reply is over after at most `max_tokens` tokens, the one that ends it included. fresh: it does not repeat
`run` words of the prompt in a row, nor the whole of a shorter one. answers: it says something, and neither begins in
the middle of a sentence (with a small letter's word or a sign that closes), nor with another question, nor with a
name such as "User:". Whether what it says is right is not looked at; the exam's truth is not read. Values are the means
of their items.

Source: the skills that tuning without instructions may teach, after Xie, Syu, Lee (2024), arXiv 2409.00096; the rules
are ours.
Neutral limit: a student that only ends its turn, and says nothing, has ends 1, fresh 1 and answers 0.

>>> from tutelage.core.data import Block, Rows, Table, Text
>>> from tutelage.toys import Writer, stream, till
>>> pool = Table.of("sums", {"text": ["What is two and two?", "And two more?"]}).pool()
>>> truth = {"text": np.array(["4", "6"], dtype=object)}
>>> exam = Exam((Block(Rows(pool, np.arange(2)), None, Text, truth, "file", np.zeros(2), np.ones(2)),))
>>> knows = Writer({"What is two and two?": ("It is 5.",)})                    # what it does not know it repeats
>>> [(one.name, one.value) for one in FormatSkills().assess(knows, exam, till(), stream(0, "assess"))][1:]
[('ends', 1.0), ('fresh', 0.5), ('answers', 0.5)]
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Exam, Floats32, Kinds, Rng, Score
from tutelage.core.method import method
from tutelage.core.stages import Student, Till
from tutelage.core.writing import CanWrite, Prompt
from tutelage.kit.exams import mean
from tutelage.kit.passages import echoes
from tutelage.kit.words import reply

GOES_ON = re.compile(r"\s*(?:[a-z]+[\s,;:']|[,.;:!?)\]}…])")  # in the middle of a sentence
ASKS = re.compile(r"\s*[^.!\n]*\?")
SPEAKS = re.compile(r"\s*(?:user|human|question|q|assistant|system|instruction)s?\s*:|\s*<\|?\w+\|?>", re.IGNORECASE)


@method
class FormatSkills:
    """run: words in a row that are a repetition. on: which exam."""

    max_tokens: Annotated[int, Field(ge=1)] = 96
    run: Annotated[int, Field(ge=2)] = 6
    temperature: Annotated[float, Field(ge=0)] = 0.0
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanWrite})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """`format_skills`, `ends`, `fresh` and `answers`. NaN for an exam without items of positive weight."""
        told = reply(
            student, exam, rng, self.max_tokens + 1, self.temperature
        )  # one more: what ends in time needs less
        said = [str(text) for text in told.said]
        columns = {
            "ends": told.written <= self.max_tokens,
            "fresh": [not echoes(text, plainly(asked), self.run) for text, asked in zip(said, told.asked, strict=True)],
            "answers": [answers(text) for text in said],
        }
        items = {name: np.asarray(column, dtype=np.float32) for name, column in columns.items()}
        whole: Floats32 = np.mean([*items.values()], axis=0, dtype=np.float32)
        named = {"format_skills": whole, **items}
        return tuple(Score(name, mean(one), told.rows, one, told.groups) for name, one in named.items())


def plainly(prompt: Prompt) -> str:
    """What the user said last."""
    return prompt if isinstance(prompt, str) else prompt[-1].text


def answers(said: str) -> bool:
    """Whether a reply begins as an answer does.

    >>> [answers(text) for text in ("Two.", "s=1+1", "and two.", "What is three?", "User: what?", " ")]
    [True, True, False, False, False, False]
    """
    return bool(said.strip()) and not any(rule.match(said) for rule in (GOES_ON, ASKS, SPEAKS))
