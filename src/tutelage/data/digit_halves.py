"""Handwritten digits 0 to 4 for anybody to see, then digits 5 to 9 as private records: two episodes.

    episode 0: training pictures of 0-4,   episode 1: training pictures of 5-9,   exam: held-out pictures of 5-9

For learning privately on top of what was learned in the open. All ten digits are labels from the start, so the head has
a place for the private ones and knows nothing about them. A picture is 64 numbers from 0 to 1. `private: n` lets the
second episode be a random sample of n pictures. The split is that of `digits`; which digits are whose depends on no
seed.

Source: pictures and split as in `digits`; digits 0-4 as public and 5-9 as private data is our own choice.
Neutral limit: with step 0 learning nothing it is an ordinary problem of five classes.

>>> from tutelage.core.rng import stream
>>> made = DigitHalves(private=100).course(stream(0, "data"))
>>> pool = made.parts["pool"].pool
>>> pool.column("episode").to_pylist()[-1], len(pool), len(made.exams["exam"].truth[0].weight)
('private', 731, 179)
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Course, Ints, Modality, Rng, Table
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.data.digits import LABELS, Split, split
from tutelage.kit.courses import course

FIRST_PRIVATE = 5  # this digit and those above it


@method
class DigitHalves:
    private: Annotated[int, Field(ge=1)] | None = None  # pictures in the private episode; None: all
    split: Literal["test", "dev"] = "test"  # which split is the exam

    holds: ClassVar[frozenset[Modality]] = frozenset({"vector"})
    card: ClassVar[str] = """Source: Optical recognition of handwritten digits (Alpaydin and Kaynak, 1998), the 1,797
pictures that scikit-learn carries. Licence: BSD-3-Clause as part of scikit-learn.
Dropped: held-out pictures of 0-4, and the development or the test split, whichever is not the exam.
Split: 70 % training, 10 % development, 20 % test, within each digit by a hash of the pixels."""

    def course(self, rng: Rng) -> Course:
        """Rows in the order of their episodes. Refused when there are fewer private pictures than asked for."""
        digits = split()
        train, exam = digits.parts["train"], digits.parts[self.split]
        ours, theirs = (train[(digits.codes[train] >= FIRST_PRIVATE) == side] for side in (False, True))
        drawn = rng.permutation(theirs)  # luck is drawn whether or not it is used
        if self.private is not None:
            if self.private > len(theirs):
                what = f"there are {len(theirs)} private pictures, not {self.private}"
                raise Refused(Fault("data.private", what, f"use private: {len(theirs)} or fewer"))
            theirs = np.sort(drawn[: self.private])
        held = exam[digits.codes[exam] >= FIRST_PRIVATE]
        rows = np.concatenate([ours, theirs])
        episode = ["public"] * len(ours) + ["private"] * len(theirs)
        notes = (
            f"Episode 0 holds {len(ours)} pictures of 0-4, episode 1 holds {len(theirs)} of 5-9.",
            f"The exam is the {self.split} split, {len(held)} pictures of 5-9, the same at every seed.",
        )
        table, shown = _table("halves", digits, rows, episode), _table(self.split, digits, held)
        return course(table, digits.codes[rows], shown, digits.codes[held], rng, notes=notes)


def _table(part: str, digits: Split, rows: Ints, episode: list[str] | None = None) -> Table:
    """Ids name the picture; an exam has no episodes."""
    columns = {"id": [f"digit-{row + 1}" for row in rows], "vector": digits.pictures[rows]}
    return Table.of(f"digit {part}", columns if episode is None else {**columns, "episode": episode}, LABELS)
