"""Several students side by side, each for the questions that are its own: prompts that say whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tutelage.core.data import Ints, Rng
from tutelage.core.writing import Prompt, Written


class Own(str):
    """A prompt that one of several students is to answer. It reads as the text that is asked last."""

    __slots__ = ("asked", "who")
    asked: Prompt
    who: int


def own(prompt: Prompt, who: int) -> Own:
    """The prompt, marked as a question for this student.

    >>> own("2 + 2", 1), own("2 + 2", 1).who, plainly(own("2 + 2", 1))
    ('2 + 2', 1, '2 + 2')
    """
    made = Own(prompt if isinstance(prompt, str) else prompt[-1].text)
    made.asked, made.who = prompt, who
    return made


def plainly(prompt: Prompt) -> Prompt:
    """As it was before it was marked."""
    return prompt.asked if isinstance(prompt, Own) else prompt


def owners(prompts: Sequence[Prompt], rest: int) -> Ints:
    """(n,) whose each prompt is; one that is not marked is for student `rest`."""
    return np.array([one.who if isinstance(one, Own) else rest for one in prompts], dtype=np.int64)


def written(students: Sequence[Any], who: Ints, prompts: Sequence[Prompt], k: int, rng: Rng, **how: Any) -> Written:
    """Each prompt by the student that it is for, with luck of that student's own."""
    texts, read = np.empty((len(prompts), k), dtype=object), np.zeros(len(prompts), dtype=np.int64)
    out = np.zeros((len(prompts), k), dtype=np.int64)
    for number, (student, luck) in enumerate(zip(students, rng.spawn(len(students)), strict=True)):
        rows = np.flatnonzero(who == number)
        if len(rows):
            told = student.write([plainly(prompts[row]) for row in rows.tolist()], k, luck, **how)
            texts[rows], read[rows], out[rows] = told.texts, told.tokens_in, told.tokens_out
    return Written(texts, read, out)
