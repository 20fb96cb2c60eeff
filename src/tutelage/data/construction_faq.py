"""Questions about Swedish building law with reference answers, 503 of them, in English or in Swedish.

Each row of the pool is a question with its answer, `category` says what it is about and `advert` is 1 where the answer
names the company that wrote it, which may be what a filter of the data is to find. Held-out questions are the exam,
their answers its references. A question that stands there more than once stands on one side.

Source: Swedish Construction FAQ by Zaragoza AB, CC BY 4.0,
https://github.com/zaragoza-ab/swedish-construction-faq-1000
Neutral limit: none; it is data. Without `pool` every seed gives the same course.

>>> from tutelage.core.rng import stream
>>> made = ConstructionFaq(pool=1).course(stream(0, "data"))
>>> made.exams["exam"].truth[0].about.examples().texts()[0]
'What is a detaljplan (detailed plan)?'
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tutelage.assets.fetch import asset
from tutelage.core.data import Course, Modality, Rng
from tutelage.core.method import method
from tutelage.kit.reply_courses import reply_course
from tutelage.kit.reply_files import Reply

COMPANY = "Zaragoza"


@method
class ConstructionFaq:
    language: Literal["english", "swedish"] = "english"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.25  # of the answers, with their questions, is the exam
    split: Literal["test", "dev"] = "test"  # dev: the exam is a share of the rest, and the test questions are left out
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many questions

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    assets: ClassVar[tuple[str, ...]] = ("construction-faq",)
    card: ClassVar[str] = """Source: Swedish Construction FAQ by Zaragoza AB, CC BY 4.0,
https://github.com/zaragoza-ab/swedish-construction-faq-1000, as carried by the package zaragoza-construction-faq 1.2.1.
Licence: CC BY 4.0; whoever passes the texts on names the source as above.
Sizes: 503 questions with one answer each, 39 categories; 62 English answers or questions name the company.
Split: by question, by a hash of its text; the two languages are split apart, so that a question may be in the pool of
one and in the exam of the other."""

    def course(self, rng: Rng) -> Course:
        """The course. Missing when the questions have not been fetched."""
        told, notes = read(asset("construction-faq") / f"{self.language}.jsonl"), []
        if self.split == "dev":
            test = set(self._course(told, rng).exams["exam"].truth[0].about.examples().ids())
            told = [one for one in told if one["id"] not in test]
            notes.append("The questions of the test split are left out.")
        return self._course(told, rng, self.pool, notes)

    def _course(
        self, told: Sequence[Mapping[str, Any]], rng: Rng, pool: int | None = None, notes: Sequence[str] = ()
    ) -> Course:
        replies = [Reply(one["id"], one["q"], None, one["a"], None, (float(names_company(one)),)) for one in told]
        columns = {"category": [one["category"] for one in told]}
        return reply_course(f"construction FAQ, {self.language}", replies, rng, share=self.share, numbers=("advert",),
                            columns=columns, pool=pool, notes=notes)  # fmt: skip


def read(path: Path) -> list[dict[str, Any]]:
    """One object a line: `id`, `category`, `q` and `a`."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def names_company(one: Mapping[str, Any]) -> bool:
    """Whether a question or its answer names the company.

    >>> names_company({"q": "Who helps?", "a": "Zaragoza AB does."}), names_company({"q": "Who?", "a": "Nobody."})
    (True, False)
    """
    return COMPANY in one["q"] or COMPANY in one["a"]
