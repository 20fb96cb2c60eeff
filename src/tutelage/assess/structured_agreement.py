"""How often the named fields of the student's JSON replies agree with the truth's: accuracy and macro-F1 of each.

    structured_agreement      share of items that agree in all fields
    parseable                 share of replies that are objects with all fields
    accuracy_F, macro_f1_F    of field F over all items; a reply that is not parseable is wrong in every field
    accuracy_F_parseable      of field F over the parseable replies alone; NaN where there are none
    answer_leak, undue_leak   with `answer`: share of replies whose words hold the final answer as a number of its own;
                              undue: and the truth's do not

Values are text without white space around it. The words of a reply are its field `words`, or all of it where it has
none. Classes of macro-F1 are the values among truths and answers. Each value is the mean of its items, which are first-
order influences for macro-F1 (as in macro_f1) and for the share among parseable replies.

Source: Sonkar, Ni, Chaudhary and Baraniuk (2024, arXiv 2402.05000), accuracy and F1 against the teacher's
turns; the scores over parseable replies and of leaks are ours.
Neutral limit: with one field and no reply at fault, accuracy_F is exact_match of that field.

>>> from tutelage.kit.reply_courses import references_of
>>> from tutelage.toys import Writer, replies_pool, stream, till
>>> pool = replies_pool([("1 + 1", '{"sum": 2}', "r1"), ("2 + 2", '{"sum": 4}', "r2")])
>>> exam, student = Exam((references_of(pool.table, np.arange(2)),)), Writer({"1 + 1": ('{"sum": 2}',)})
>>> found = StructuredAgreement(fields=("sum",)).assess(student, exam, till(), stream(0, "assess"))
>>> [(one.name, one.value) for one in found if one.name.endswith("parseable")]     # the other sum is only repeated
[('parseable', 0.5), ('accuracy_sum_parseable', 1.0)]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.assess.macro_f1 import influences
from tutelage.core.data import Array, Bools, Exam, Floats, Ints, Kinds, Rng, Score
from tutelage.core.errors import ContractBroken, Fault, Refused, nearest
from tutelage.core.method import method
from tutelage.core.stages import Student, Till
from tutelage.core.writing import CanWrite
from tutelage.kit.exams import mean
from tutelage.kit.structured import parsed, value, whole
from tutelage.kit.words import Replied, reply


@method
class StructuredAgreement:
    """answer: the exam's column of final answers; None: no leaks. words: the field said aloud. on: which exam."""

    fields: Annotated[tuple[str, ...], Field(min_length=1)] = ("evaluation", "action", "state")
    answer: str | None = None
    words: str = "reply"
    max_tokens: Annotated[int, Field(ge=1)] = 100
    temperature: Annotated[float, Field(ge=0)] = 0.0
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanWrite})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """2 + 3 scores a field, and 2 of leaks. ContractBroken for a truth that lacks a field."""
        told = reply(student, exam, rng, self.max_tokens, self.temperature)
        lacking = [text for text in told.truth if not whole(text, self.fields)]
        if lacking:
            raise ContractBroken(f"a truth of this exam lacks one of {', '.join(self.fields)}: {lacking[0]!r}")
        ok = np.array([whole(text, self.fields) for text in told.said], dtype=bool)
        each = [_field(name, told, ok) for name in self.fields]
        right = np.all([one.right for one in each], axis=0)
        made: dict[str, Floats] = {"structured_agreement": right.astype(float), "parseable": ok.astype(float)}
        for one in each:
            made[f"accuracy_{one.name}"] = one.right.astype(float)
            made[f"macro_f1_{one.name}"] = influences(one.truth, one.said, one.classes)
            made[f"accuracy_{one.name}_parseable"] = share(one.right, ok)
        scores = [_score(name, items, told) for name, items in made.items()]
        leaks = {} if self.answer is None else self._leaks(told, exam, self.answer)
        return (*scores, *(_score(name, items, told, higher=False) for name, items in leaks.items()))

    def _leaks(self, told: Replied, exam: Exam, column: str) -> dict[str, Floats]:
        table = exam.truth[0].about.pool.table
        if column not in table.columns.column_names:
            what = f"the exam has no column {column!r}"
            raise Refused(Fault("assess.answer", what, nearest(column, table.columns.column_names)))
        answers = [str(one) for one in table.columns.column(column).take(told.rows).to_pylist()]
        ours, theirs = (holds([self._words(text) for text in texts], answers) for texts in (told.said, told.truth))
        return {"answer_leak": ours.astype(float), "undue_leak": (ours & ~theirs).astype(float)}

    def _words(self, text: str) -> str:
        return value(parsed(text), self.words) or text


class OneField(NamedTuple):
    """Codes of the values of one field, -1: no parseable reply."""

    name: str
    truth: Ints
    said: Ints
    right: Bools
    classes: int


def share(right: Bools, among: Bools) -> Floats:
    """(n,) items whose mean is the share of `right` in `among`, and whose spread is that of such a share; NaN for none.

    >>> share(np.array([True, False, True]), np.array([True, True, False])).tolist()
    [1.25, -0.25, 0.5]
    """
    if not among.any():
        return np.full(len(right), np.nan)
    rate = float(right[among].mean())
    return np.asarray(rate + (right * among - rate * among) * len(right) / among.sum())


def holds(texts: Sequence[str], answers: Sequence[str]) -> Bools:
    """(n,) whether each text holds its answer, not as a part of a longer number or word.

    >>> holds(["It is 17.", "It is 117.", "17.5 of them"], ["17", "17", "17"]).tolist()
    [True, False, False]
    """
    found = [
        re.search(rf"(?<![\w.]){re.escape(answer)}(?!\w|\.\d)", text)
        for text, answer in zip(texts, answers, strict=True)
    ]
    return np.array([one is not None for one in found], dtype=bool)


def _field(name: str, told: Replied, ok: Bools) -> OneField:
    truth = [value(parsed(text), name) for text in told.truth]
    said = [value(parsed(text), name) if fine else None for text, fine in zip(told.said, ok, strict=True)]
    codes = {one: code for code, one in enumerate(dict.fromkeys([*truth, *(one for one in said if one is not None)]))}
    both: list[Array] = [
        np.array([-1 if one is None else codes[one] for one in some], dtype=np.int64) for some in (truth, said)
    ]
    return OneField(name, both[0], both[1], both[0] == both[1], len(codes))


def _score(name: str, items: Floats, told: Replied, higher: bool = True) -> Score:
    return Score(name, mean(items), told.rows, items.astype(np.float32), told.groups, higher)
