"""The share of exam items answered in words exactly as the truth says, and what answering took in tokens.

    exact_match   = (1 / n) sum_i [e(reply_i) = e(truth_i)]
    answer_tokens = (1 / n) sum_i tokens read and written for item i, by whatever answered: all draws of a vote count

e(text) is the answer inside a text: `whole`, its words without regard to capitals, white space and a full stop at the
end; `number`, the last number, so that 1,000.0 is 1000; or what a regular expression finds, of several matches the
last, of it the group where there is one. A reply without an answer is wrong. A truth in which nothing is found stands
as it is. Replies are written at `temperature` 0 unless it says otherwise, in at most `max_tokens`. With `by`, a column
of the exam, items are also scored for each value v as exact_match_v, and for the value that does worst, of equals the
first, as exact_match_worst: means over all items, where those of v count n / n_v and the others 0.

Source: Rajpurkar, Zhang, Lopyrev, Liang (2016), SQuAD, section 6.1, exact match, without its dropping of articles; the
last number as in Wei et al. (2022), Chain-of-thought prompting. Both values are the mean of their items.
Neutral limit: for a student that repeats the truth it is 1, whatever is extracted.

>>> from tutelage.core.data import Block, Rows, Table, Text
>>> from tutelage.toys import Writer, stream, till
>>> pool = Table.of("sums", {"text": ["2 + 2", "3 + 4"]}).pool()
>>> truth = {"text": np.array(["4", "7"], dtype=object)}
>>> exam = Exam((Block(Rows(pool, np.arange(2)), None, Text, truth, "file", np.zeros(2), np.ones(2)),))
>>> knows = Writer({"2 + 2": ("It is 4.",), "3 + 4": ("It is 8.",)})
>>> [(one.name, one.value) for one in ExactMatch(extract="number").assess(knows, exam, till(), stream(0, "assess"))]
[('exact_match', 0.5), ('answer_tokens', 7.0)]
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Exam, Kinds, Rng, Score
from tutelage.core.method import method
from tutelage.core.stages import Student, Till
from tutelage.core.writing import CanWrite
from tutelage.kit.apart import apart, values_of
from tutelage.kit.exams import mean
from tutelage.kit.extract import Extract, extractor, spelt
from tutelage.kit.words import reply


@method
class ExactMatch:
    """by: a column of the exam whose values are scored apart. on: which exam."""

    extract: Extract = "whole"  # whole, number, or a regular expression
    max_tokens: Annotated[int, Field(ge=1)] = 64
    temperature: Annotated[float, Field(ge=0)] = 0.0
    by: str | None = None
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanWrite})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """Two scores; of `answer_tokens` lower is better. NaN for an exam without items of positive weight."""
        told, read = reply(student, exam, rng, self.max_tokens, self.temperature), extractor(self.extract)
        wanted = [read(text) or spelt(text) for text in told.truth]
        right = [read(text) == truth for text, truth in zip(told.said, wanted, strict=True)]
        items, took = np.array(right, dtype=np.float32), told.tokens.astype(np.float32)
        whole = Score("exact_match", mean(items), told.rows, items, told.groups)
        return (
            whole,
            Score("answer_tokens", mean(took), told.rows, took, told.groups, higher_is_better=False),
            *(() if self.by is None else apart(whole, values_of(exam, self.by))),
        )
