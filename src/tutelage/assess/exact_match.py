"""The share of exam items answered in words exactly as the truth says, and what answering took in tokens.

    exact_match   = (1 / n) sum_i [e(reply_i) = e(truth_i)]
    answer_tokens = (1 / n) sum_i tokens read and written for item i, by whatever answered: all draws of a vote count

e(text) is the answer inside a text: `whole`, its words without regard to capitals, white space and a full stop at the
end; `number`, the last number, so that 1,000.0 is 1000; or what a regular expression finds, of several matches the
last, of it the group where there is one. A reply without an answer is wrong. A truth in which nothing is found stands
as it is. Replies are written at `temperature` 0 unless it says otherwise, in at most `max_tokens`. With `by`, a column
of the exam, items are also scored for each value v as exact_match_v, and for the value that does worst, of equals the
first, as exact_match_worst: means over all items, where those of v count n / n_v and the others 0. Of an exam other
than the usual one (`on: new`) every name goes on with its own: exact_match_new, so that several can be sat.

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

from tutelage.core.data import Exam, Floats32, Kinds, Pool, Rng, Score
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.method import method
from tutelage.core.stages import Student, Till
from tutelage.core.writing import CanWrite
from tutelage.kit.exams import mean
from tutelage.kit.extract import Extract, extractor, spelt
from tutelage.kit.words import Replied, reply


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
        tail = "" if self.on == "exam" else f"_{self.on}"
        wanted = [read(text) or spelt(text) for text in told.truth]
        right = [read(text) == truth for text, truth in zip(told.said, wanted, strict=True)]
        items, took = np.array(right, dtype=np.float32), told.tokens.astype(np.float32)
        return (
            Score(f"exact_match{tail}", mean(items), told.rows, items, told.groups),
            Score(f"answer_tokens{tail}", mean(took), told.rows, took, told.groups, higher_is_better=False),
            *(() if self.by is None else _apart(f"exact_match{tail}", told, items, _values(exam, self.by))),
        )


def _values(exam: Exam, name: str) -> list[str]:
    """(n,) the column of every item. Refused for a column that the exam has not."""
    table = exam.truth[0].about.pool.table
    if name not in table.columns.column_names:
        help = nearest(name, table.columns.column_names)
        raise Refused(Fault("assess.by", f"{table.name!r} has no column {name!r}", help))
    numbers = np.concatenate([block.about.numbers[block.weight > 0] for block in exam.truth])
    return [str(value) for value in Pool(table, numbers, ()).column(name).to_pylist()]


def _apart(stem: str, told: Replied, items: Floats32, values: list[str]) -> tuple[Score, ...]:
    """A score for each value, in alphabetical order, and the worst of them."""
    named, codes = np.unique(np.array(values, dtype=object), return_inverse=True)
    weights = [(codes == code) * np.float32(len(codes) / (codes == code).sum()) for code in range(len(named))]
    each = [Score(f"{stem}_{name}", mean(items * weight), told.rows, items * weight, told.groups)
            for name, weight in zip(named, weights, strict=True)]  # fmt: skip
    return (*each, min(each, key=lambda score: score.value)._replace(name=f"{stem}_worst")) if each else ()
