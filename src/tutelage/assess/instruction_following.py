"""The share of verifiable instructions that are followed, over all and for each rule, as a program verifies it.

    instruction_following = (1 / n) sum_i [reply_i has the form that item i asks for]

The exam's column `source` names an item's rule and `asked` what it asks for: capitals, a word so many times, so many
words, a list behind a sign, yes or no (kit/instructions.py). Whether a reply is true is not looked at, nor is the
exam's truth, which is one reply of several that would do. For each rule r the score followed_r is a mean over all
items, where those of r count n / n_r and the others 0. Replies are written at temperature 0, in at most `max_tokens`.

Source: Zhou et al. (2023), Instruction-following evaluation for large language models, arXiv 2311.07911, section 2.2
(strict accuracy; one instruction an item here).
Neutral limit: for a student that writes the exam's own replies it is 1; for one that writes nothing, 0.

>>> from tutelage.core.data import Block, Rows, Table, Text
>>> from tutelage.toys import Writer, stream, till
>>> columns = {"text": ["Say moon twice.", "Yes or no?"], "source": ["repeat", "yes_no"], "asked": ["2 moon", ""]}
>>> pool = Table.of("asked", columns).pool()
>>> truth = {"text": np.array(["moon moon", "yes"], dtype=object)}
>>> exam = Exam((Block(Rows(pool, np.arange(2)), None, Text, truth, "file", np.zeros(2), np.ones(2)),))
>>> knows = Writer({"Say moon twice.": ("moon",), "Yes or no?": ("No.",)})
>>> [(one.name, one.value) for one in InstructionFollowing().assess(knows, exam, till(), stream(0, "assess"))]
[('instruction_following', 0.5), ('followed_repeat', 0.0), ('followed_yes_no', 1.0)]
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Exam, Kinds, Pool, Rng, Score
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.method import method
from tutelage.core.stages import Student, Till
from tutelage.core.writing import CanWrite
from tutelage.kit.exams import mean, of_part
from tutelage.kit.instructions import RULES, follows
from tutelage.kit.words import reply


@method
class InstructionFollowing:
    """on: which exam."""

    max_tokens: Annotated[int, Field(ge=1)] = 48
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanWrite})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """One score and one for each rule. Refused for an exam without the two columns, or with an unknown rule."""
        told = reply(student, exam, rng, self.max_tokens, 0.0)
        table = exam.truth[0].about.pool.table
        missing = [name for name in ("source", "asked") if name not in table.columns.column_names]
        if missing:
            what = f"{table.name!r} has no column {missing[0]!r}, which says what its items ask for"
            raise Refused(Fault("assess.on", what, "an exam of data: {use: verifiable_instructions}"))
        pool = Pool(table, told.rows, ())
        rules, asked = (np.array(pool.column(name).to_pylist(), dtype=object) for name in ("source", "asked"))
        strange = sorted({str(rule) for rule in rules if rule not in RULES})
        if strange:
            what = f"{table.name!r} asks for {strange[0]!r}, which nothing here verifies"
            raise Refused(Fault("assess.on", what, nearest(strange[0], RULES)))
        right = [follows(*one) for one in zip(rules, asked, told.said, strict=True)]
        items = np.array(right, dtype=np.float32)
        whole = Score("instruction_following", mean(items), told.rows, items, told.groups)
        return (whole, *(of_part(whole, f"followed_{rule}", rules == rule) for rule in sorted(set(rules))))
