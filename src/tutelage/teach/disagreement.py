"""Pairs from disagreement: where the student's own reply differs from the teacher's in a named field.

    r(x) = the student's reply to x, at temperature 0 unless told otherwise;   t(x) = the teacher's, the row's `reply`
    lesson(x) = Preference(chosen t(x), rejected r(x))   if r(x) is no JSON object, or lacks one of `fields`,
                                                         or differs from t(x) in one of them

Fields are looked at in order, values as text without white space around it; turns that agree in all of them give
nothing, whatever else they say. Rows whose teacher's reply is no object with all the fields are skipped before the
student is asked. `pairs: false` gives the chosen replies alone, as Text: as much further instruction on the same turns.

What the student writes goes through the till (`teacher_tokens`, `calls`); what it costs, asked and in agreement too, is
shared out over the lessons given. Facts: `asked`, `skipped`, `agrees`, `unparseable`, `missing` and one `differs_FIELD`
for each field, counts that sum to `asked`; `tokens`.

Source: Sonkar, Ni, Chaudhary and Baraniuk (2024, arXiv 2402.05000), the construction of preference pairs, with the
fields evaluation, action and state.
Neutral limit: a student that agrees everywhere is taught nothing; with `pairs: false` and a student that agrees nowhere
it is `recorded`.

>>> from tutelage.toys import ANSWERS, Writer, replies_pool, stream, view
>>> pool = replies_pool([("1 + 1", '{"sum": 2}', "r1"), ("2 + 2", '{"sum": 4}', "r2")])
>>> student = Writer({"1 + 1": ('{"sum": 2, "sure": 1}',), "2 + 2": ('{"sum": 5}',)})
>>> taught = Disagreement(fields=("sum",)).teach(Rows(pool, np.arange(2)), view(pool, student), ANSWERS, stream(0, "t"))
>>> taught.lessons[0].given["chosen"].tolist(), taught.lessons[0].given["rejected"].tolist()
(['{"sum": 4}'], ['{"sum": 5}'])
>>> taught.facts["agrees"], taught.facts["differs_sum"]
(1.0, 1.0)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Block, Floats, Ints, Kinds, Preference, Rng, Rows, Text
from tutelage.core.method import method
from tutelage.core.stages import Answers, Taught, View, able
from tutelage.core.writing import CanWrite
from tutelage.kit.asked import CALLS, TOKENS
from tutelage.kit.asked import asked as bought
from tutelage.kit.prompts import prompts
from tutelage.kit.ratings import replies
from tutelage.kit.structured import AGREES, MISSING, UNPARSEABLE, compared, differs, whole


@method
class Disagreement:
    fields: Annotated[tuple[str, ...], Field(min_length=1)] = ("evaluation", "action", "state")
    pairs: bool = True  # false: the chosen replies alone
    max_tokens: Annotated[int, Field(ge=1)] = 100
    temperature: Annotated[float, Field(ge=0)] = 0.0

    needs: ClassVar[Kinds] = frozenset({CanWrite})
    spends: ClassVar[frozenset[str]] = frozenset({TOKENS, CALLS})
    per_row: ClassVar[Mapping[str, float]] = {TOKENS: 0.0, CALLS: 1.0}  # how many tokens depends on the prompts

    @property
    def gives(self) -> Kinds:
        """Pairs, or the better half of each."""
        return frozenset({Preference}) if self.pairs else frozenset({Text})

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """At most one lesson a row. Spent where the budget ends in the middle."""
        if asked.size == 0:
            return Taught(())
        pool = asked.examples()
        told = np.array(replies(pool), dtype=object)
        kept = np.flatnonzero([whole(text, self.fields) for text in told])
        student = able(view.student, CanWrite)
        heard = bought(student, prompts(pool.take(kept)), 1, rng, view.till,
                       max_tokens=self.max_tokens, temperature=self.temperature)  # fmt: skip
        said, tokens = heard.texts[:, 0], heard.tokens[:, 0]
        found = [compared(theirs, ours, self.fields) for theirs, ours in zip(told[kept], said, strict=True)]
        facts = self._facts(asked.size, found, tokens)
        apart = np.flatnonzero([one != AGREES for one in found])
        if not len(apart):
            return Taught((), facts)
        given: dict[str, Any] = {"chosen": told[kept[apart]], "rejected": said[apart]}
        if not self.pairs:
            given = {"text": given["chosen"]}
        (kind,) = self.gives
        cost = _shared(float(tokens.sum() + len(kept)), len(apart))
        about = Rows(asked.pool, asked.rows[kept[apart]])
        return Taught((Block(about, None, kind, given, "disagreement", cost, np.ones(len(apart))),), facts)

    def _facts(self, size: int, found: list[str], tokens: Ints) -> dict[str, float]:
        counts = Counter(found)
        told = {name: float(counts[name]) for name in (AGREES, UNPARSEABLE, MISSING, *map(differs, self.fields))}
        return {"asked": float(size), "skipped": float(size - len(found)), **told, "tokens": float(tokens.sum())}


def _shared(total: float, size: int) -> Floats:
    """(size,) equal shares."""
    return np.full(size, total / size)
