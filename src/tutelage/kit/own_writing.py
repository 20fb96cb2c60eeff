"""What a student writes by itself, paid for like anybody's replies: from nothing, or to prompts, and whether it ended.

A text has ended when it took fewer than `max_tokens` tokens, the end counted: one that takes all of them may have been
cut. Each is written down in the till before it is used (`kit.asked`), so a run that was killed does not write it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Bools, Floats, Rng
from tutelage.core.digest import digest
from tutelage.core.stages import Till, able
from tutelage.core.writing import CanCompose, CanWrite, Prompt, Written
from tutelage.kit.asked import asked
from tutelage.kit.luck import plain

AT_ONCE = 32  # texts from nothing between two lines of the journal: what a kill can lose
WHOLE, CUT = "+", "-"  # the first letter of a text in the journal


class Own(NamedTuple):
    """n texts. ended (n,): whether the student ended it. tokens (n,): read and written."""

    texts: list[str]
    ended: Bools
    tokens: Floats


class Marked(NamedTuple):
    """A student whose every text begins with a letter that says whether it ended. alone: writes from nothing."""

    student: Any
    alone: bool = False

    @property
    def fingerprint(self) -> str:
        return digest("own writing", self.alone, self.student.fingerprint)

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
        """Of prompts from nothing there is one, and what stands in it is not read."""
        if self.alone:
            told = able(self.student, CanCompose).compose(k, rng, max_tokens=max_tokens, temperature=temperature)
        else:
            how: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature, "stop": stop}
            told = able(self.student, CanWrite).write(prompts, k, rng, **how)
        marked = np.empty(told.texts.shape, dtype=object)
        for place, text in np.ndenumerate(told.texts):
            marked[place] = (WHOLE if told.tokens_out[place] < max_tokens else CUT) + str(text)
        return told._replace(texts=marked)


def composed(student: Any, count: int, rng: Rng, till: Till, max_tokens: int, temperature: float) -> Own:
    """So many texts from nothing, each drawn anew; none is longer than the student's window."""
    room = able(student, CanCompose).window - 1
    how: dict[str, Any] = {"max_tokens": min(max_tokens, room), "temperature": temperature}
    heard = [
        asked(Marked(student, True), [""], min(AT_ONCE, count - start), rng, till, **how)
        for start in range(0, count, AT_ONCE)
    ]
    return _own([(text, cost) for one in heard for text, cost in zip(one.texts[0], one.tokens[0], strict=True)])


def replied(student: Any, prompts: Sequence[Prompt], rng: Rng, till: Till, max_tokens: int, temperature: float) -> Own:
    """A reply to each prompt; to equal ones, replies drawn anew."""
    seen: dict[str, int] = {}
    turns = []
    for prompt in prompts:
        mark = digest(plain(prompt))
        turns.append(seen.get(mark, 0))
        seen[mark] = turns[-1] + 1
    told: list[Any] = [None] * len(prompts)
    for turn in range(max(turns, default=-1) + 1):
        mine = [place for place, one in enumerate(turns) if one == turn]
        heard = asked(Marked(student), [prompts[place] for place in mine], 1, rng, till, max_tokens=max_tokens,
                      temperature=temperature)  # fmt: skip
        for place, text, cost in zip(mine, heard.texts[:, 0], heard.tokens[:, 0], strict=True):
            told[place] = (text, cost)
    return _own(told)


def _own(told: Sequence[tuple[str, int]]) -> Own:
    ended = np.array([text.startswith(WHOLE) for text, _ in told], dtype=bool)
    return Own([text[1:] for text, _ in told], ended, np.array([cost for _, cost in told], dtype=np.float64))
