"""Three abilities that a small model can be taught together or one after another: digits, strings, forms.

    math     sort 3 8 4 9        four or five digits sorted, or the largest or smallest     3 4 8 9
    code     rev drop abcde      what a program of one or two operations makes of a word     dcba
    general  list red blue       words put into the form that is asked for                   1. red 2. blue

Programs compose and forms are learnt soon; each ability has a shape of its own, so that learning one can overwrite
another. The column `source` names the ability. Problems of the pool are drawn by the seed, those of the
exams are always the same and stand in no pool; every answer follows from its problem. Everything is made up here.

Source: made for Dong et al. (2024), How Abilities in Large Language Models are Affected by Supervised Fine-tuning Data
Composition, arXiv 2310.05492, at small size: mathematics, code and general instructions there.
Neutral limit: none; it is generated.

>>> from tutelage.core.rng import stream
>>> pool = Abilities(math=2, code=1, general=1, exam=2).course(stream(0, "data")).parts["pool"].pool
>>> pool.column("source").to_pylist()
['math', 'math', 'code', 'general']
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tutelage.core.data import Course, Modality, Rng
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.kit.reply_courses import reply_course
from tutelage.kit.reply_files import Reply

Pair = tuple[str, str]  # a problem and its answer
LETTERS = "abcdefghij"
WORDS = ("red", "blue", "green", "black", "white", "pink", "grey", "gold")
PROGRAMS: dict[str, Callable[[str], str]] = {
    "rev": lambda word: word[::-1],
    "drop": lambda word: word[:-1],
    "tail": lambda word: word[1:],
    "swap": lambda word: word[1:2] + word[:1] + word[2:],
}
FORMS: dict[str, Callable[[tuple[str, str]], str]] = {
    "list": lambda pair: f"1. {pair[0]} 2. {pair[1]}",
    "quote": lambda pair: f"'{pair[0]}' '{pair[1]}'",
    "join": lambda pair: f"{pair[0]}-{pair[1]}",
    "both": lambda pair: f"{pair[0]} and {pair[1]}.",
}


def order(rng: Rng) -> Pair:
    """Four or five digits: sorted, the largest, or the smallest."""
    digits = [int(x) for x in rng.integers(0, 10, int(rng.integers(4, 6)))]
    name = ("sort", "max", "min")[int(rng.integers(3))]
    said = {"sort": sorted(digits), "max": [max(digits)], "min": [min(digits)]}[name]
    return f"{name} {' '.join(map(str, digits))}", " ".join(map(str, said))


def program(rng: Rng, operations: int = 1) -> Pair:
    """So many operations, the left one last, on a word of four or five letters."""
    names = [list(PROGRAMS)[int(at)] for at in rng.integers(0, len(PROGRAMS), operations)]
    word = "".join(LETTERS[int(at)] for at in rng.integers(0, len(LETTERS), int(rng.integers(4, 6))))
    return " ".join([*names, word]), functools.reduce(lambda made, name: PROGRAMS[name](made), names[::-1], word)


def form(rng: Rng) -> Pair:
    """Two words in one of four forms; some of them made up, or there would be few problems."""
    name = list(FORMS)[int(rng.integers(len(FORMS)))]
    pair = [WORDS[int(at)] + LETTERS[int(end)] for at, end in zip(rng.integers(0, 8, 2), rng.integers(0, 10, 2),
                                                                 strict=True)]  # fmt: skip
    return f"{name} {pair[0]} {pair[1]}", FORMS[name]((pair[0], pair[1]))


DRAWS: dict[str, Callable[[Rng], Pair]] = {"math": order, "code": program, "general": form}


@method
class Abilities:
    """math, code, general: problems of each in the pool; 0 leaves one out. exam: items of each."""

    math: Annotated[int, Field(ge=0, le=5_000)] = 1000
    code: Annotated[int, Field(ge=0, le=5_000)] = 1000
    general: Annotated[int, Field(ge=0, le=5_000)] = 1000
    operations: Annotated[int, Field(ge=1, le=2)] = 1  # of a program
    exam: Annotated[int, Field(ge=1, le=500)] = 150
    split: Literal["test", "dev"] = "test"  # which problems the exam is made of; the others are in no pool either

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = """Generated; nothing is fetched: digits put in order, string programs of one or
two operations, words in a form. Split: the problems of both exams are drawn once for all seeds and left out of all
pools."""

    def course(self, rng: Rng) -> Course:
        """The course; the exam holds all three abilities, told apart by the column `source`."""
        known: set[str] = set()
        each = dict.fromkeys(DRAWS, self.exam)
        held = {split: _drawn(each, stream(0, f"abilities {split}"), known, self.operations)
                for split in ("test", "dev")}  # fmt: skip
        sizes = {"math": self.math, "code": self.code, "general": self.general}
        told = _drawn(sizes, rng, known, self.operations)
        return reply_course("abilities", told, rng, exam=held[self.split])


def _drawn(sizes: dict[str, int], rng: Rng, known: set[str], operations: int) -> list[Reply]:
    """So many problems of each ability, none of them known; they are known afterwards."""
    made: list[Reply] = []
    for name, size in sizes.items():
        before = len(made)
        while len(made) - before < size:
            text, answer = program(rng, operations) if name == "code" else DRAWS[name](rng)
            if text not in known:
                known.add(text)
                made.append(Reply(f"{name} {len(made) - before + 1}", text, None, answer, name, ()))
    return made
