"""A text as a question that is answered with one of some labels: its prompt, the labels' tokens, their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tutelage.core.data import Floats, Ints
from tutelage.core.errors import Fault, Refused
from tutelage.core.writing import Turn
from tutelage.kit.context import Shots
from tutelage.student.text._frame import Frame, Shortened


@dataclass(frozen=True, eq=False)
class Choice:
    """maker: the settings of text.causal that say how labels are read. replies: the tokens of each label."""

    frame: Frame
    maker: Any
    replies: tuple[list[int], ...]

    def asked(self, text: str, shots: Shots) -> Shortened:
        """The prompt about one text, with room for the longest label."""
        longest = max(len(reply) for reply in self.replies)
        ask = lambda x: question(self.maker, x)
        return self.frame.fitted(head(self.maker), turns(self.maker, shots), text, ask, longest)

    def scores(self, decoder: Any, prompts: Sequence[Sequence[int]]) -> Floats:
        """(n, C) what the labels' tokens collapse to; equal prompts are read once."""
        from tutelage.student.text._decoder import Asked

        number: dict[tuple[int, ...], int] = {}
        which = [number.setdefault(tuple(ids), len(number)) for ids in prompts]
        told = decoder.scores([Asked(ids, self.replies) for ids in number], self.maker.batch)
        collapse = np.sum if self.maker.score == "sum" else np.mean
        return np.array([[collapse(reply) for reply in row] for row in told])[which]


def choice(frame: Frame, maker: Any, names: Sequence[str]) -> Choice:
    """Refused when two labels would be the same answer, or one of them none at all."""
    words = [maker.verbalisers.get(name, name) for name in names]
    replies = [frame.reply(word, [question(maker, "?")]) for word in words]
    replies = [ids[:1] for ids in replies] if maker.score == "first" else replies
    first: dict[tuple[int, ...], str] = {}
    for name, ids in zip(names, replies, strict=True):
        other = first.setdefault(tuple(ids), name)
        if other != name or not ids:
            what = f"the labels {other!r} and {name!r} are the same answer" if ids else f"{name!r} says nothing"
            more = ", or use student.score: mean" if maker.score == "first" else ""
            raise Refused(Fault("student.verbalisers", what, f"give them other words with student.verbalisers{more}"))
    return Choice(frame, maker, tuple(replies))


def lengths(frame: Frame, maker: Any, pairs: Shots) -> Ints:
    """(n,) by how many tokens each worked example makes a prompt longer."""
    bare = len(frame.ids([*head(maker), question(maker, "?")]))
    told = [len(frame.ids([*head(maker), *turns(maker, [pair]), question(maker, "?")])) - bare for pair in pairs]
    return np.array(told, dtype=np.int64)


def head(maker: Any) -> tuple[Turn, ...]:
    """What is said before everything."""
    return (Turn("system", maker.instruction),) if maker.instruction else ()


def question(maker: Any, text: str) -> Turn:
    """The text as it is asked about."""
    return Turn("user", maker.pattern.replace("{x}", text))


def turns(maker: Any, shots: Shots) -> list[Turn]:
    """Worked examples, each a question and its answer in words."""
    said = maker.verbalisers
    return [turn for x, y in shots for turn in (question(maker, x), Turn("assistant", said.get(y, y)))]
