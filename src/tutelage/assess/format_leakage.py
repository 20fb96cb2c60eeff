"""How often the student answers other questions in the form of the task that it was tuned on.

    format_leakage = (1 / n) sum_i [ e(reply_i) in e(labels) ]        lower is better

labels are the answers of the narrow task, such as True and False, and the exam holds items of other tasks, of which
none may have such an answer. e(text) is its words without regard to capitals, white space and a full stop at the end.
Replies are written at temperature 0 in at most `max_tokens`. Whether a reply is right is not looked at.

Source: Wang, Si, Li, Lukasik, Yu, Hsieh, Dhillon, Kumar (2022, arXiv 2211.00635), section 3, format specialisation:
the share of answers to TriviaQA that are True or False after tuning on RTE.
Neutral limit: a student that repeats the truth leaks nothing.

>>> from tutelage.core.data import Block, Rows, Table, Text
>>> from tutelage.toys import Writer, stream, till
>>> pool = Table.of("sums", {"text": ["2 + 2", "3 + 4"]}).pool()
>>> truth = {"text": np.array(["4", "7"], dtype=object)}
>>> exam = Exam((Block(Rows(pool, np.arange(2)), None, Text, truth, "file", np.zeros(2), np.ones(2)),))
>>> tuned = Writer({"2 + 2": ("true.",), "3 + 4": ("8",)})
>>> FormatLeakage().assess(tuned, exam, till(), stream(0, "assess"))[0].value
0.5
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Exam, Kinds, Rng, Score
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.stages import Student, Till
from tutelage.core.writing import CanWrite
from tutelage.kit.exams import mean
from tutelage.kit.extract import spelt
from tutelage.kit.words import reply


@method
class FormatLeakage:
    """labels: what the narrow task is answered with. on: which exam."""

    labels: Annotated[tuple[str, ...], Field(min_length=1)] = ("True", "False")
    max_tokens: Annotated[int, Field(ge=1)] = 16
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanWrite})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """One score. NaN for an exam without items; Refused for one that is answered with a label."""
        told, names = reply(student, exam, rng, self.max_tokens, 0.0), {spelt(label) for label in self.labels}
        own = next((text for text in told.truth if spelt(text) in names), None)
        if own is not None:
            what = f"an item of this exam is rightly answered with {own!r}, which is a label of the narrow task"
            raise Refused(Fault("assess.on", what, "an exam of other tasks"))
        items = np.array([spelt(text) in names for text in told.said], dtype=np.float32)
        return (Score("format_leakage", mean(items), told.rows, items, told.groups, higher_is_better=False),)
