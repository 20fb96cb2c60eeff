"""Gives the reply that stands beside each prompt in the pool, as a text to be learnt; free.

    lesson(row) = Text: the row's column `reply`, weight 1;   with `without: read`, of a row without one, Itself

Whether the reply is right was decided when the pool was made. Facts: `replies`, their mean length in characters
`characters`, where the pool has a column `source` the share of each source as `from NAME`, and with `indicators` the
mean of each over the replies given, as the present student sees them: what a rule that predicts the loss of a student
from its lessons is fitted on (study/quality.py). With `without: read` a text that has no reply is learnt as `teach:
itself` would have it learnt, so that data whose stages differ in kind have one teacher, and the fact `texts` counts
them.

Source: supervised instruction tuning on given replies, as in Wei and others (2022), Finetuned language models are
zero-shot learners, section 2; the indicators are those of Cao and others (2023), arXiv 2307.06290, section 3.
Neutral limit: none; it is the oracle of open answers at price 0. With `without: read`, where no row has a reply, this
is `itself`.

>>> from tutelage.toys import ANSWERS, Reader, replies_pool, stream, view
>>> from tutelage.core.data import Rows
>>> pool = replies_pool([("1 + 1", "2", "r1"), ("2 + 2", "four", "r2")])
>>> seen = view(pool, Reader())
>>> taught = Recorded(indicators=("len",)).teach(Rows(pool, np.array([1, 0])), seen, ANSWERS, stream(0, "teach"))
>>> taught.lessons[0].given["text"].tolist(), dict(taught.facts)
(['four', '2'], {'replies': 2.0, 'characters': 2.5, 'len': 2.5})
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from tutelage.core.data import Block, Itself, Kinds, Pool, Rng, Rows, Text
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import Answers, Taught, View
from tutelage.kit.again import as_lessons
from tutelage.kit.indicators import indicators, needs_of
from tutelage.kit.ratings import reply_column


@method
class Recorded:
    """indicators: len, ppl, log_ppl, mtld, ifd, knn_1, knn_2, ..., or a column of numbers in the pool. encoder: whose
    embedding the knn are distances in; None: the student's own.
    """

    indicators: tuple[str, ...] = ()
    without: Literal["refuse", "read"] = "refuse"  # what becomes of a row without a reply
    encoder: Annotated[Any, part("student.text.encoder")] = None

    spends: ClassVar[frozenset[str]] = frozenset()

    @property
    def needs(self) -> Kinds:
        """What the indicators ask of the student."""
        return needs_of(self.indicators, self.encoder)

    @property
    def gives(self) -> Kinds:
        """Replies, and where that is asked for texts to be read."""
        return frozenset({Text} if self.without == "refuse" else {Text, Itself})

    def taught(self, rows: int) -> float:
        """One a row."""
        return float(rows)

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """One lesson per row asked about: Text where it has a reply. Refused where it has none, unless that is read."""
        if asked.size and self.without == "refuse":
            reply_column(asked.examples())
        lessons = as_lessons(asked.pool, asked.rows, "recorded")
        facts: dict[str, float] = {}
        for block in lessons:
            facts |= self._told(block, view) if block.kind is Text else {"texts": float(block.size)}
        return Taught(lessons, facts)

    def _told(self, block: Block, view: View) -> dict[str, float]:
        """The facts of the replies."""
        pool, told = block.about.examples(), block.given["text"]
        facts = {"replies": float(len(told)), "characters": float(np.mean([len(text) for text in told]))}
        facts |= _sources(pool)
        means = indicators(self.indicators, view.student, pool, self.encoder).mean(axis=0)
        return facts | {name: float(mean) for name, mean in zip(self.indicators, means, strict=True)}


def _sources(pool: Pool) -> dict[str, float]:
    """What share of the replies each source wrote."""
    if "source" not in pool.table.columns.column_names:
        return {}
    counts = Counter(str(name) for name in pool.column("source").to_pylist())
    known = sorted({str(name) for name in pool.table.columns.column("source").unique().to_pylist()})
    return {f"from {name}": counts[name] / len(pool) for name in known}
