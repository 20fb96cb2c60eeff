"""Synthetic word problems of two to five steps, each with one short program; templates of the exam are held out.

A problem is a story of one quantity (`_stories`) and its reference a program of one operation a line, as in

    Ann has 12 pens. Buys 3 boxes of 4. 5 are taken. How many now?        a=3*4 / b=12+a / answer=b-5

which can be worked out in other ways that are as short: in another order, sums before differences, factored or not.
A template is the row of kinds of events in a story. Templates are dealt out by a hash: 40 % to the warm-up, 40 % to the
training material, 10 % each to the development and the test exam, so that none of them shares a template. Stories of
the pool are drawn by the seed, those of the exams are always the same. Answers are sealed programs: a reply is checked
by working it out. Everything here is made up by this file; nothing is fetched.

Source: the shape of the task is that of Ni et al. (2023, ICLR), GSM8K as programs; the stories are ours.
Neutral limit: none; it is data.

>>> from tutelage.core.rng import stream
>>> made = ArithmeticPrograms(pool=3).course(stream(0, "data"))
>>> made.parts["pool"].pool.texts()[0]
'Ben owns 17 pens. Gets 2 bags of 4. Gives away 9. Sells 3 boxes of 3. How many?'
"""

from __future__ import annotations

import functools
import hashlib
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Block, Course, Exam, Modality, Part, Rng, Rows, Table, Text
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.data._stories import LEAST, MOST, Story, steps, story, templates
from tutelage.sandbox.answers import Executed

DEALT = {"warm_up": 0.4, "train": 0.4, "dev": 0.1, "test": 0.1}


@method
class ArithmeticPrograms:
    material: Literal["train", "warm_up"] = "train"  # which templates the pool is made of
    pool: Annotated[int, Field(ge=1)] = 1500  # problems
    split: Literal["test", "dev"] = "test"  # which templates the exam is made of
    exam: Annotated[int, Field(ge=1)] = 300  # items

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = """Source: synthetic, written for this purpose by data/_stories.py; no person wrote or read
these problems. Licence: that of this package.
Sizes: as many problems as asked for; 2 to 5 operations each, whole numbers up to 400.
Split: by template (the kinds of events in their order), by a hash; wordings, names and things are shared by all."""

    def course(self, rng: Rng) -> Course:
        """The pool with its sealed programs, and the exam, whose truth is Text: the reference programs."""
        pool = _material(self.material, self.pool, rng)
        exam = _material(self.split, self.exam, stream(0, f"data.arithmetic_programs.{self.split}"))
        table, programs = _table(self.material, pool)
        examined, truth = _table(self.split, exam)
        about = Rows(examined.pool(), np.arange(len(exam), dtype=np.int64))
        zeros, ones = np.zeros(len(exam)), np.ones(len(exam))
        block = Block(about, None, Text, {"text": truth}, "exam", zeros, ones)
        counts = {name: len(dealt(name)) for name in (self.material, self.split)}
        notes = (
            f"The pool is made of {counts[self.material]} templates, the exam of {counts[self.split]} others.",
            "All problems are synthetic.",
        )
        return Course({"pool": Part(table.pool(), Executed(table, programs))}, {"exam": Exam((block,))}, notes=notes)


@functools.cache
def dealt(name: str) -> tuple[tuple[str, ...], ...]:
    """The templates of this name, of each number of steps the same share; no seed is in it."""
    place, ours = list(DEALT).index(name), []
    for count in range(LEAST, MOST + 1):
        some = [template for template in templates() if steps(template) == count]
        some.sort(key=lambda one: hashlib.sha256(" ".join(one).encode()).digest())
        edges = np.rint(np.cumsum([0.0, *DEALT.values()]) * len(some)).astype(int)
        ours += some[edges[place] : edges[place + 1]]
    return tuple(ours)


def _material(name: str, count: int, rng: Rng) -> list[Story]:
    """So many stories, no two with the same text; every number of steps is as likely, then every template."""
    ours: dict[int, list[tuple[str, ...]]] = {}
    for template in dealt(name):
        ours.setdefault(steps(template), []).append(template)
    made: dict[str, Story] = {}
    while len(made) < count:
        some = ours[sorted(ours)[rng.integers(len(ours))]]
        drawn = story(some[rng.integers(len(some))], rng)
        made.setdefault(drawn.text, drawn)
    return list(made.values())


def _table(name: str, stories: list[Story]) -> tuple[Table, Array]:
    """The problems as a table, and their programs (n,) as objects."""
    ids = [f"{name}-{number}" for number in range(1, len(stories) + 1)]
    programs = np.empty(len(stories), dtype=object)
    programs[:] = [one.program for one in stories]
    return Table.of(f"arithmetic {name}", {"id": ids, "text": [one.text for one in stories]}), programs
