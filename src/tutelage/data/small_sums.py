"""Products and sums of small numbers, answered at once in three digits: what is learned for most and never for all.

    12*7+35   is answered   119,        a of 2 to 29, b of 2 to 19, c of 0 to 99 where `largest` says nothing else

Every answer has three digits, so the probability of a whole one is a product of as many factors for every problem. With
`worked` the product stands before it, 084 119. Problems of the pool are drawn for each seed, those of the exams are
always the same and stand in no pool; the exam's truth is Text.

Source: the shape of the task, direct answers of a few tokens to sums that are not all learned, is that of the sequence
experiments of Chen et al. (2025, arXiv 2502.07154); the sums are ours.
Neutral limit: none; it is generated.

>>> from tutelage.core.rng import stream
>>> made = SmallSums(pool=2, exam=3).course(stream(0, "data"))
>>> pool, exam = made.parts["pool"].pool, made.exams["exam"].truth[0]
>>> len(pool), exam.about.examples().texts()[0], exam.given["text"][0]
(2, '3*6+66', '084')
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from tutelage.core.data import Course, Modality, Rng
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.kit.reply_courses import reply_course
from tutelage.kit.reply_files import Reply

Problem: TypeAlias = tuple[int, int, int]
LOWEST = (2, 2, 0)  # a, b and c
MOST = 0.8  # the share of all problems that pool and exams may take


@method
class SmallSums:
    """pool, exam: problems. largest: a, b and c. worked: the product stands before the answer. split: which exam."""

    pool: Annotated[int, Field(ge=1)] = 2000
    exam: Annotated[int, Field(ge=1)] = 400
    largest: tuple[Annotated[int, Field(ge=2)], Annotated[int, Field(ge=2)], Annotated[int, Field(ge=0)]] = (29, 19, 99)
    worked: bool = False
    split: Literal["test", "dev"] = "test"

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = """Generated; nothing is fetched. Problems a*b+c, 50,400 different ones as it stands.
Split: as many problems for the test as for the development exam, drawn once for all, are left out of every pool."""

    @model_validator(mode="after")
    def _three_digits(self) -> SmallSums:
        a, b, c = self.largest
        if a * b + c > 999:
            raise ValueError(f"{a}*{b}+{c} has more than three digits")
        return self

    def course(self, rng: Rng) -> Course:
        """The course. Refused where pool and exams would take more than four fifths of all problems."""
        there = math.prod(most - least + 1 for least, most in zip(LOWEST, self.largest, strict=True))
        if self.pool + 2 * self.exam > MOST * there:
            what = f"{self.pool} problems and two exams of {self.exam} are asked for, there are {there}"
            raise Refused(Fault("data.pool", what, "fewer problems, or larger numbers"))
        held = self._distinct(2 * self.exam, stream(0, "small_sums exams"), set())
        mine = held[: self.exam] if self.split == "test" else held[self.exam :]
        asked = self._distinct(self.pool, rng, {*held})
        told = [self._reply(f"{number}", *one) for number, one in enumerate(asked, start=1)]
        exam = [self._reply(f"{self.split} {number}", *one) for number, one in enumerate(mine, start=1)]
        return reply_course("small sums", told, rng, exam=exam)

    def _reply(self, id: str, a: int, b: int, c: int) -> Reply:
        said = f"{a * b:03d} {a * b + c:03d}" if self.worked else f"{a * b + c:03d}"
        return Reply(id, f"{a}*{b}+{c}", None, said, None, ())

    def _distinct(self, count: int, rng: Rng, known: set[Problem]) -> list[Problem]:
        """So many different problems, none of them known."""
        found: dict[Problem, None] = {}
        while len(found) < count:
            a, b, c = (int(one) for one in rng.integers(LOWEST, self.largest, endpoint=True))
            if (a, b, c) not in known:
                found[a, b, c] = None
        return list(found)
